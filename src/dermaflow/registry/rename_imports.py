"""Rename a package in the import statements of a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import accumulate

# They import by a name that may be made while the code runs.
_DYNAMIC = frozenset({"importlib", "pkgutil", "runpy", "__import__", "eval", "exec"})


def rename_imports(source: bytes, old: str, new: str, file: str) -> bytes:
    """Rewrite imports of the package ``old`` as imports of ``new``; all else stays as it is.

    Args:
        source: a Python module in UTF-8.
        old, new: top-level packages.
        file: where the source is from, for errors.

    Raises:
        ValueError: the module may import ``old`` in a way that renaming would miss: relatively,
            dynamically, by a string, or as ``import old.module`` without ``as``.
    """
    tree = ast.parse(source, file)
    for line, problem in _find_problems(tree, old):
        raise ValueError(f"{file}, line {line}: {problem} cannot be renamed to {new}")
    for start in sorted(_find_names(tree, source, old), reverse=True):
        source = source[:start] + new.encode() + source[start + len(old) :]
    return source


def _find_names(tree: ast.Module, source: bytes, old: str) -> Iterator[int]:
    """Where ``old`` begins in each import statement, in bytes from the start of ``source``."""
    lines = list(accumulate(map(len, source.splitlines(keepends=True)), initial=0))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _belongs(node.module or "", old):
            # Only `from` and blanks come before it.
            yield source.index(old.encode(), lines[node.lineno - 1] + node.col_offset)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _belongs(alias.name, old):
                    yield lines[alias.lineno - 1] + alias.col_offset


def _find_problems(tree: ast.Module, old: str) -> Iterator[tuple[int, str]]:
    """Line and description of all that may import ``old`` but is no import of a fixed name."""
    # Strings that are statements: docstrings.
    unused = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(level=level) if level:
                yield node.lineno, "a relative import"
            case ast.ImportFrom(module=str(name)) | ast.Name(id=name) if _is_dynamic(name):
                yield node.lineno, f"a dynamic import ({name})"
            case ast.Import(names=aliases):
                for alias in aliases:
                    if _is_dynamic(alias.name):
                        yield node.lineno, f"a dynamic import ({alias.name})"
                    elif _belongs(alias.name, old) and alias.asname is None:
                        yield node.lineno, f"the variable {old!r} of an import without 'as'"
            case ast.Constant(value=str(text)) if id(node) not in unused and _belongs(text, old):
                yield node.lineno, f"the string {text!r}"


def _is_dynamic(name: str) -> bool:
    return name.partition(".")[0] in _DYNAMIC


def _belongs(name: str, package: str) -> bool:
    """Whether a dotted name is the package or lies in it."""
    return re.match(rf"{re.escape(package)}(?![^.:])", name) is not None
