"""From a validation error to one line that names the key and the file it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dermaflow.errors import ParameterError
from dermaflow.params import Parameters

Config = TypeVar("Config", bound=BaseModel)


def check_parameters(
    values: Mapping[str, Any], folders: Sequence[Path], given: Mapping[str, Any] | None = None
) -> Parameters:
    """Validate everything under ``parameters``.

    Args:
        values: merged parameters of all files and of the command line.
        folders: conf folders, the one that wins first; searched for the file of a wrong key.
        given: of ``values``, those of the command line.

    Raises:
        ParameterError: one line for each wrong key.
    """
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        lines = [_explain(detail, folders, given or {}) for detail in error.errors()]
        raise ParameterError("\n".join(lines)) from error


def read_config(model: type[Config], loader: Mapping[str, Any], kind: str) -> Config:
    """A file of ``conf/`` other than parameters, typed. Raises ParameterError for a wrong key."""
    try:
        return model.model_validate(loader[kind])
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in error.errors()]
        raise ParameterError(f"{'; '.join(lines)} ({kind}.yml in conf/)") from error


def _explain(detail: ErrorDetails, folders: Sequence[Path], given: Mapping[str, Any]) -> str:
    key = [str(part) for part in detail["loc"]]
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(key[-1], _known_keys(key[:-1]), n=1)
        problem = "unknown key" + (f"; did you mean '{near[0]}'?" if near else "")
    elif key[-1] == "[key]":  # pydantic's own mark: the key itself is wrong, not its value
        key = key[:-1]
        problem = f"unknown key; {detail['msg'].replace('Input', 'it')}"
    elif detail["type"] == "missing":
        return f"{'.'.join(key)}: missing ({_file_of(key[:-1], folders)})"
    elif detail["type"] == "value_error":  # of a validator of ours: its text says it all
        problem = str(detail["ctx"]["error"])
    else:
        problem = f"{detail['msg']}, not {detail['input']!r}"
    place = "--params" if _contains(given, key) else _file_of(key, folders)
    return f"{'.'.join(key)}: {problem} ({place})"


def _known_keys(path: list[str]) -> list[str]:
    """Keys allowed below ``path``."""
    model: Any = Parameters
    for name in path:
        fields = {(f.alias or n): f for n, f in model.model_fields.items()}
        annotation = fields[name].annotation if name in fields else None
        kinds = (annotation, *get_args(annotation))  # the latter of an optional group
        model = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _file_of(key: list[str], folders: Sequence[Path]) -> str:
    """The file that sets ``key``; if none does, it came from the command line."""
    if not key:  # a whole group is missing, from the folder that must hold them all
        return f"{folders[-1].parent.name}/{folders[-1].name}"
    for folder in folders:
        for path in sorted(folder.glob("parameters*.yml")):
            if _contains(yaml.safe_load(path.read_text()) or {}, key):
                return f"{folder.parent.name}/{folder.name}/{path.name}"
    return "--params"


def _contains(tree: Any, key: list[str]) -> bool:
    for name in key:
        if isinstance(tree, list) and name.isdigit() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict) and name in tree:
            tree = tree[name]
        else:
            return False
    return True
