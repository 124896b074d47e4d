"""Which words of which source mean which class."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from dermaflow.params.base import ClassCode, Params, Strings


class LabelParams(Params):
    """Label schemes, and the one in use."""

    scheme: str
    # Name -> code -> the words that mean it beside the code itself, whatever their case. The order
    # of codes is that of the model's outputs.
    schemes: dict[str, Annotated[dict[ClassCode, Strings], Field(min_length=2)]]

    @property
    def classes(self) -> list[str]:
        """Codes of the scheme in use."""
        return list(self.schemes[self.scheme])

    @model_validator(mode="after")
    def _scheme_is_described(self) -> LabelParams:
        if self.scheme not in self.schemes:
            known = ", ".join(self.schemes)
            raise ValueError(f"scheme: there is no '{self.scheme}' among the schemes ({known})")
        return self

    @model_validator(mode="after")
    def _a_word_means_one_class(self) -> LabelParams:
        for name, scheme in self.schemes.items():
            meant: dict[str, str] = {}
            for code, words in scheme.items():
                for word in (code, *words):
                    other = meant.setdefault(word.casefold(), code)
                    if other != code:
                        raise ValueError(f"schemes.{name}: '{word}' means both {other} and {code}")
        return self
