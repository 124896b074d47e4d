"""The code of a served model as a package of its own, under a name made from its content.

Python keeps one module of each name in a process. If two versions of a model both shipped their
code as ``dermaflow``, the second would run the code of the first, or that of the project.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import grimp

from dermaflow.registry.rename_imports import rename_imports

_HASH_DIGITS = 12


@dataclass(frozen=True)
class ModelPackage:
    """Code written by ``write_model_package``.

    Attributes:
        name: of the package, such as ``dermaflow_model_0123456789ab``.
        folder: holds the package, and beside it the entry.
        entry: file of the entry module.
        files: all that was written, relative to ``folder``, sorted.
        third_party: top-level modules of other distributions that the code imports, sorted.
    """

    name: str
    folder: Path
    entry: Path
    files: tuple[PurePosixPath, ...]
    third_party: tuple[str, ...]


def write_model_package(entry: str, folder: Path) -> ModelPackage:
    """Write a module, and all modules of its top-level package that it imports at any depth.

    The entry lies beside the package: MLflow runs that file anew for each model that it loads.

    Args:
        entry: dotted name of a module that can be imported; no module of the package needs it.
        folder: to write to; it exists.

    Returns:
        What was written. Equal code has an equal name.

    Raises:
        ValueError: a module names its own package where it cannot be renamed; see
            ``rename_imports``.
    """
    root, _, inner = entry.partition(".")
    modules, third_party = find_closure(entry)
    sources = _read_sources(root, modules)
    name = f"{root}_model_{_digest(sources)}"
    entry_file = PurePosixPath(*inner.split(".")).with_suffix(".py")
    written = {
        PurePosixPath(file.name) if file == entry_file else name / file: rename_imports(
            source, root, name, str(file)
        )
        for file, source in sources.items()
    }
    for file, source in written.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(source)
    return ModelPackage(
        name, folder, folder / entry_file.name, tuple(sorted(written)), tuple(sorted(third_party))
    )


def find_closure(entry: str) -> tuple[set[str], set[str]]:
    """Find what a module imports, directly or not, also inside functions.

    Imports for type checkers alone do not count. A package's ``__init__`` runs before its modules.

    Returns:
        Modules of the entry's top-level package, the entry among them; and the top-level modules
        of other distributions.
    """
    root = entry.partition(".")[0]
    graph = grimp.build_graph(
        root, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    found: set[str] = set()
    waiting = {entry}
    while waiting:
        module = waiting.pop()
        found.add(module)
        parent = module.rpartition(".")[0]
        needed = {*graph.find_modules_directly_imported_by(module), *([parent] if parent else [])}
        waiting |= needed - found
    own = {module for module in found if module.partition(".")[0] == root}
    return own, found - own - sys.stdlib_module_names


@contextmanager
def importable(package: ModelPackage) -> Iterator[None]:
    """Let the block import a package, without bytecode beside it; then forget where it was.

    MLflow puts the folders of models that it loads on ``sys.path`` as well, and leaves them there.
    """
    path, bytecode, known = list(sys.path), sys.dont_write_bytecode, set(sys.modules)
    sys.path.append(str(package.folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = bytecode
        for module in set(sys.modules) - known:
            if module.partition(".")[0] == package.name:
                del sys.modules[module]


def _read_sources(root: str, modules: Iterable[str]) -> dict[PurePosixPath, bytes]:
    """Source of each module by its path in the package's folder, sorted."""
    spec = find_spec(root)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"{root} is no package that can be imported")
    folder = Path(spec.submodule_search_locations[0])
    files = []
    for module in modules:
        inner = PurePosixPath(*module.split(".")[1:])
        is_package = (folder / inner).is_dir()
        files.append(inner / "__init__.py" if is_package else inner.with_suffix(".py"))
    return {file: (folder / file).read_bytes() for file in sorted(files)}


def _digest(sources: Mapping[PurePosixPath, bytes]) -> str:
    digest = sha256()
    for file, source in sources.items():
        digest.update(f"{file}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()[:_HASH_DIGITS]
