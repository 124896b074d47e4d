"""Nested mappings, and the dotted keys of what is in them: ``train.backbone.weights``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differing_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Dotted keys of the values that differ, sorted at each level.

    A key that one of the two lacks differs, unless the other's value is None.
    """
    keys: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            keys += [f"{key}.{name}" for name in differing_keys(before, after)]
        elif before != after:
            keys.append(key)
    return keys


def nest(values: Mapping[str, Any], tree: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make a tree of values under dotted keys.

    Args:
        values: dotted key -> value.
        tree: to begin with; it stays as it is.
    """
    nested = dict(tree or {})
    for key, value in values.items():
        first, _, rest = key.partition(".")
        nested[first] = nest({rest: value}, nested.get(first)) if rest else value
    return nested
