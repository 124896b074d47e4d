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
from dermaflow.params.parameters import Parameters

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
    if not detail["loc"]:  # of what several groups say together: the text begins with the key
        name, _, problem = str(detail["ctx"]["error"]).partition(": ")
        return f"{name}: {problem} ({_place(name.split('.'), folders, given)})"
    key = _without_kind([str(part) for part in detail["loc"]])
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(key[-1], _known_keys(key[:-1]), n=1)
        problem = "unknown key" + (f"; did you mean '{near[0]}'?" if near else "")
    elif key[-1] == "[key]":  # pydantic's own mark: the key itself is wrong, not its value
        key = [*key[:-2], str(detail["input"])]
        own = detail["type"] == "value_error"
        problem = "unknown key; " + detail["msg"].replace("Input", "it")
        problem = str(detail["ctx"]["error"]) if own else problem
    elif detail["type"] == "missing":
        return f"{'.'.join(key)}: missing ({_file_of(key[:-1], folders)})"
    elif detail["type"] == "value_error":  # of a validator of ours: its text says it all
        problem = str(detail["ctx"]["error"])
    else:
        problem = f"{detail['msg']}, not {detail['input']!r}"
    return f"{'.'.join(key)}: {problem} ({_place(key, folders, given)})"


def _place(key: list[str], folders: Sequence[Path], given: Mapping[str, Any]) -> str:
    return "--params" if _contains(given, key) else _file_of(key, folders)


def _without_kind(key: list[str]) -> list[str]:
    """The key as conf has it: pydantic puts a source's kind between its name and its keys."""
    return key[:3] + key[4:] if key[:2] == ["ingest", "sources"] and len(key) > 3 else key


def _known_keys(path: list[str]) -> list[str]:
    """Keys allowed below ``path``; of a source those of all kinds."""
    models: list[Any] = [Parameters]
    for name in path:
        fields = {(f.alias or n): f for model in models for n, f in model.model_fields.items()}
        if name in fields:
            models = _models_in(fields[name].annotation)
        elif path[:2] != ["ingest", "sources"]:
            return []
    return list(dict.fromkeys(f.alias or n for m in models for n, f in m.model_fields.items()))


def _models_in(annotation: Any) -> list[Any]:
    """Models in a type, whether it is optional, a mapping to them or a choice of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _file_of(key: list[str], folders: Sequence[Path]) -> str:
    """The file that sets ``key``; if none does, it came from the command line."""
    if not key:  # a whole group is missing, from the folder that must hold them all
        return f"{folders[-1].parent.name}/{folders[-1].name}"
    for folder in folders:
        for path in sorted(folder.glob("parameters*.yml")):
            if _contains(yaml.safe_load(path.read_text(encoding="utf-8")) or {}, key):
                return f"{folder.parent.name}/{folder.name}/{path.name}"
    return "--params"


def _contains(tree: Any, key: list[str]) -> bool:
    for name in key:
        if isinstance(tree, list) and name.isdigit() and int(name) < len(tree):
            tree = tree[int(name)]
            continue
        named = {str(key): value for key, value in tree.items()} if isinstance(tree, dict) else {}
        if name not in named:  # some keys are no text, such as a code that YAML reads as a number
            return False
        tree = named[name]
    return True
