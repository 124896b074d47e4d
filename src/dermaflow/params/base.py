"""What all models of parameters share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
OpenFraction = Annotated[float, Field(gt=0, lt=1)]
TargetShare = Annotated[float, Field(gt=0, le=1)]
PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]


def _as_word(value: object) -> object:
    """A code such as 1, which YAML reads as a number, is the word that a table holds."""
    if isinstance(value, bool) or value is None:
        raise ValueError(
            f"YAML reads this word as {value}; put it in quotes as the table writes it"
        )
    return str(value) if isinstance(value, int | float) else value


Word = Annotated[str, BeforeValidator(_as_word)]
ClassCode = Annotated[Word, Field(pattern=r"^[a-z0-9_]+$", max_length=32)]


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


# One may be written without brackets, as `--params` knows no lists.
Strings = Annotated[list[Word], BeforeValidator(_as_list)]


class Params(BaseModel):
    """A group of parameters: immutable, and closed to unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )

    def raw_paths(self) -> list[Path]:
        """Files and folders that these parameters name and no stage makes; none by default."""
        return []
