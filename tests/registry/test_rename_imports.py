"""Imports renamed, and nothing else."""

import pytest

from dermaflow.registry.rename_imports import rename_imports


def renamed(source: str) -> str:
    return rename_imports(source.encode(), "pack", "new_name", "file.py").decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from pack.a import b", "from new_name.a import b"),
        ("from pack import a, b as c", "from new_name import a, b as c"),
        ("import pack.a as b, os", "import new_name.a as b, os"),
        ("import os, pack as p, pack.a as b", "import os, new_name as p, new_name.a as b"),
        ("from pack.a import (\n    b,\n    c,\n)", "from new_name.a import (\n    b,\n    c,\n)"),
        ("from \\\n  pack.a import b", "from \\\n  new_name.a import b"),
        ("def f():\n\tfrom pack.a import b", "def f():\n\tfrom new_name.a import b"),
        ("x = 'ü'; from pack import a", "x = 'ü'; from new_name import a"),
        ("'''ü\x0c\u2028'''\nfrom pack import a", "'''ü\x0c\u2028'''\nfrom new_name import a"),
        ("import os\r\nfrom pack import a\r\n", "import os\r\nfrom new_name import a\r\n"),
        ("from pack.pack import pack", "from new_name.pack import pack"),
    ],
)
def test_imports_of_the_package_are_renamed(before: str, after: str) -> None:
    assert renamed(before) == after


@pytest.mark.parametrize(
    "source",
    [
        "from package.pack import pack",
        "import packages, os.pack",
        "from pack_bench import a",
        '"""pack.a"""\n# from pack import a',
        "def f():\n    '''Like ``pack.a``.'''\n    return 'import pack.a'",
        "pack = network.eval()",
        "",
    ],
)
def test_all_else_stays_as_it_is(source: str) -> None:
    assert renamed(source) == source


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("\nimport pack.a", "the variable 'pack' of an import without 'as'"),
        ("import pack", "the variable 'pack'"),
        ("from . import a", "a relative import"),
        ("from ..a import b", "a relative import"),
        ("import importlib", r"a dynamic import \(importlib\)"),
        ("from importlib.metadata import version", "a dynamic import"),
        ("import os, pkgutil", "a dynamic import"),
        ("__import__('pa' + 'ck')", r"a dynamic import \(__import__\)"),
        ("exec(text)", r"a dynamic import \(exec\)"),
        ("load('pack.a')", "the string 'pack.a'"),
        ("load('pack.a:b')", "the string 'pack.a:b'"),
        ("PACKAGE = 'pack'", "the string 'pack'"),
        ("load(f'pack.{name}')", "the string 'pack.'"),
    ],
)
def test_what_renaming_would_miss_is_refused(source: str, problem: str) -> None:
    with pytest.raises(ValueError, match=rf"file\.py, line \d: {problem}"):
        renamed(source)
