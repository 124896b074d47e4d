"""The package that a model carries."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest

from dermaflow.registry.shipped_code import ModelPackage, find_closure, importable
from dermaflow.registry.shipped_code import write_model_package as write
from dermaflow.versioning.stages.stage_dependencies import code_of

ENTRY = "dermaflow.serving.model_code"
TOY = {
    "__init__.py": "",
    "entry.py": "import json\nimport numpy\nfrom toy.needed import f\n\nANSWER = f()\n",
    "needed.py": "def f():\n    from toy.deep.lazy import g\n\n    return g()\n",
    "deep/__init__.py": "from toy.run_first import ORDER\n",
    "deep/lazy.py": "def g():\n    return 7\n",
    "deep/other.py": "",
    "run_first.py": "ORDER = 1\n",
    "unused.py": "import pandas\n",
    "typed.py": "import scipy\n",
}
TOY["needed.py"] += (
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import toy.typed as t\n"
)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelPackage]:
    """Write a small package with some files changed, and package its module ``entry``."""

    def make(changes: Mapping[str, str] = MappingProxyType({})) -> ModelPackage:
        root = tmp_path / f"source{len(list(tmp_path.iterdir()))}"
        for name, text in (TOY | dict(changes)).items():
            (root / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "toy" / name).write_text(text)
        monkeypatch.syspath_prepend(root)
        folder = root / "out"
        folder.mkdir()
        return write("toy.entry", folder)

    return make


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write(ENTRY, tmp_path_factory.mktemp("model"))


def test_it_holds_all_that_the_entry_imports_and_nothing_else(
    toy: Callable[..., ModelPackage],
) -> None:
    package = toy()
    inside = ("__init__", "deep/__init__", "deep/lazy", "needed", "run_first")
    names = ["entry.py", *(f"{package.name}/{name}.py" for name in inside)]
    assert sorted(map(str, package.files)) == sorted(names)
    written = {path.relative_to(package.folder) for path in package.folder.rglob("*.py")}
    assert written == {Path(file) for file in package.files}
    assert package.third_party == ("numpy",)


def run(package: ModelPackage) -> ModuleType:
    """Load the entry as MLflow does, from its file."""
    module = ModuleType("entry")
    exec(package.entry.read_text(), module.__dict__)
    return module


def test_it_runs_without_the_package_it_was_made_from(toy: Callable[..., ModelPackage]) -> None:
    package = toy()
    with importable(package):
        assert run(package).ANSWER == 7
        assert f"{package.name}.deep.lazy" in sys.modules
    assert "toy" not in sys.modules


def test_what_was_imported_for_a_while_leaves_no_trace(toy: Callable[..., ModelPackage]) -> None:
    package = toy()
    path = list(sys.path)
    with pytest.raises(ZeroDivisionError), importable(package):
        run(package)
        sys.path = ["/somewhere", *sys.path]  # as MLflow does
        raise ZeroDivisionError
    assert sys.path == path
    assert not [module for module in sys.modules if module.startswith(package.name)]
    assert not list(package.folder.rglob("*.pyc"))


def test_equal_code_has_an_equal_name_and_a_changed_byte_another(
    toy: Callable[..., ModelPackage],
) -> None:
    name = toy().name
    assert name.startswith("toy_model_")
    assert len(name.removeprefix("toy_model_")) == 12
    assert toy({"unused.py": "import scipy\n"}).name == name
    changed = toy({"deep/lazy.py": "def g():\n    return 8\n"})
    moved = toy({"run_first.py": "", "deep/__init__.py": TOY["deep/__init__.py"] + "ORDER = 1\n"})
    entry = toy({"entry.py": TOY["entry.py"] + "\n"})
    assert len({name, changed.name, moved.name, entry.name}) == 4


def test_a_file_that_cannot_be_renamed_is_named(toy: Callable[..., ModelPackage]) -> None:
    with pytest.raises(ValueError, match=r"^deep/lazy\.py, line 1: a dynamic import"):
        toy({"deep/lazy.py": "import importlib\n"})


def test_a_model_carries_little(model: ModelPackage) -> None:
    assert len(model.files) <= 36
    top = {file.parts[1] for file in model.files if len(file.parts) > 1}
    assert top <= {"__init__.py", "data", "errors.py", "io", "ml", "schema.py", "serving"}
    data = {file.parts[2] for file in model.files if file.parts[1:2] == ("data",)}
    assert data == {"__init__.py", "images"}
    assert not [file for file in model.files if "store" in file.name]
    assert model.third_party == (
        "PIL", "mlflow", "numpy", "pandas", "safetensors", "torch", "torchvision",
    )  # fmt: skip


def test_the_register_stage_depends_on_all_that_a_model_carries() -> None:
    code = code_of("register")
    modules, _ = find_closure(ENTRY)
    without_effect = {"dermaflow.errors", "dermaflow.io.processors"}  # texts, and threads
    files = [Path("src", *module.split(".")) for module in modules - without_effect]
    modules_only = [file for file in files if not file.is_dir()]
    for file in modules_only:
        places = {str(file.with_suffix(".py")), *map(str, file.parents)}
        assert places & set(code), file
