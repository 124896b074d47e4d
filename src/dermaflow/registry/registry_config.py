"""``conf/<env>/registry.yml``, typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from dermaflow.errors import PromotionError
from dermaflow.params.base import Params, PositiveFloat
from dermaflow.params.check import read_config
from dermaflow.registry.registered_model import CHALLENGER
from dermaflow.versioning.dvc.stage_file import read_yaml

KIND = "registry"  # of the file

Alias = Annotated[
    str, Field(pattern=r"^(?!latest$|v\d+$)[a-z][a-z0-9_\-]*\Z", max_length=64)
]  # MLflow's rules


class RegistryConfig(Params):
    """Who gets which alias.

    Attributes:
        promotes: whether the environment may give aliases.
        aliases: in the order in which a version gets them.
        need_approver: those of ``aliases`` that only a named person's approval gives.
        after_decision: command line of a program that is told of each decision; None for none.
        after_decision_seconds: that it may take.
    """

    model_config = ConfigDict(regex_engine="python-re")  # the other engine has no look-ahead

    promotes: bool
    aliases: Annotated[list[Alias], Field(min_length=1)]
    need_approver: list[Alias]
    after_decision: str | None
    after_decision_seconds: PositiveFloat

    @classmethod
    def read(cls, loader: Mapping[str, Any], folders: Iterable[Path]) -> RegistryConfig:
        """From Kedro's configuration.

        Args:
            loader: of the environment.
            folders: of conf, the environment's own. ``promotes`` counts only if one of them says
                it: an environment that inherits from ``base`` has floors that suit other data.

        Raises:
            ParameterError: a key is wrong or missing.
        """
        config = read_config(cls, loader, KIND)
        files = (file for folder in folders for file in sorted(folder.glob(f"{KIND}*.yml")))
        says_so = any("promotes" in read_yaml(file) for file in files)
        return config if says_so else config.model_copy(update={"promotes": False})

    @property
    def hook(self) -> list[str]:
        """Program and arguments of ``after_decision``; empty for none."""
        return shlex.split(self.after_decision or "")

    def require_promotes(self, env: str) -> None:
        """Raise PromotionError where the environment may give no alias."""
        if not self.promotes:
            raise PromotionError(
                f"the environment {env} gives no aliases: `promotes: true` in "
                f"conf/{env}/{KIND}.yml would allow it"
            )

    def choose(self, alias: str | None) -> str:
        """The alias that is meant, by default the first; PromotionError for an unknown one."""
        if alias is None:
            return self.aliases[0]
        if alias not in self.aliases:
            raise PromotionError(
                f"a version can get {', '.join(self.aliases)}, not {alias!r} ({KIND}.yml)"
            )
        return alias

    def alias_before(self, alias: str) -> str | None:
        """The alias that a version must have before it gets this one; None for the first."""
        place = self.aliases.index(alias)
        return self.aliases[place - 1] if place else None

    @field_validator("aliases")
    @classmethod
    def _different(cls, aliases: list[str]) -> list[str]:
        if CHALLENGER in aliases:
            raise ValueError(f"{CHALLENGER} is the newest version, whatever it reaches")
        if len(set(aliases)) < len(aliases):
            raise ValueError("one is there twice")
        return aliases

    @field_validator("after_decision")
    @classmethod
    def _is_command(cls, command: str | None) -> str | None:
        if command is not None and not shlex.split(command):  # which raises ValueError for quotes
            raise ValueError("no program is named; null for none")
        return command

    @model_validator(mode="after")
    def _approved_are_known(self) -> Self:
        unknown = set(self.need_approver) - set(self.aliases)
        if unknown:
            raise ValueError(f"need_approver: {', '.join(sorted(unknown))} is not in aliases")
        return self
