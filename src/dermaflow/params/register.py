"""Parameters of register: the registered model's name and intended use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dermaflow.params.base import Params


class RegisterParams(Params):
    name: Annotated[str, Field(pattern=r"^[\w\-. ]+$")]  # registered model name
    intended_use: str
    limitations: str
