"""What a stage reads, writes, runs and is parametrised by.

Pipelines name data and parameters, the catalog says where data lies, and the import graph says
which code runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.pipeline import Pipeline
from pydantic import TypeAdapter, ValidationError

from dermaflow.errors import ParameterError
from dermaflow.params.parameters import Parameters
from dermaflow.schema import DRAWINGS, pipeline_of

PACKAGE = "dermaflow"
# Pages with a template and a style beside their module: who draws one depends on the folder.
_FOLDERS = tuple(f"{PACKAGE}.reporting.{name}" for name in ("data_docs", "drift", "duplicates"))
# What changes no output: texts of errors, and where live curves go, with all that it takes to
# bring them there.
_ERRORS = f"{PACKAGE}.errors"
_SINK = f"{PACKAGE}.tracking.mlflow_sink"


@dataclass(frozen=True)
class CatalogEntry:
    """What the catalog says of a dataset.

    Attributes:
        path: its file or folder.
        type: its class as the catalog's ``type`` names it.
        metadata: of the entry. ``without_effect`` marks what only saves a stage work: a working
            folder, or the store that an output replaces. ``external`` lists values of the run on
            which an output depends, such as ``tracking_uri``.
    """

    path: str
    type: str
    metadata: Mapping[str, Any]

    @property
    def is_input(self) -> bool:
        """Whether what a stage makes of it depends on it."""
        return not self.metadata.get("without_effect")


@dataclass(frozen=True)
class Stage:
    """One stage's files and parameters; paths are as the catalog gives them.

    Attributes:
        name: of the stage.
        code: files and folders below ``src/``, sorted.
        inputs: dataset -> path, of what other stages made.
        outputs: dataset -> path, of all that the stage saves.
        groups: parameters, ``train`` or ``seed`` for instance.
        run_values: names of values of the run on which the outputs depend.
    """

    name: str
    code: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    groups: tuple[str, ...]
    run_values: tuple[str, ...]


def stage_nodes(pipelines: Mapping[str, Pipeline], stage: str) -> Pipeline:
    """All nodes of a stage, out of the pipeline that it belongs to."""
    return pipelines[pipeline_of(stage)].only_nodes_with_tags(stage)


def describe_stage(name: str, nodes: Pipeline, entries: Mapping[str, CatalogEntry]) -> Stage:
    """Put together what is known of a stage.

    Args:
        name: of the stage.
        nodes: of the stage, all of them.
        entries: dataset -> what the catalog says of it, of all that have a file.
    """
    inputs = sorted(nodes.inputs())
    data = [name for name in inputs if name in entries and entries[name].is_input]
    outputs = sorted(dataset for node in nodes.nodes for dataset in node.outputs)
    types = {entries[dataset].type for dataset in (*data, *outputs)}
    own = {type_name for type_name in types if type_name.startswith(PACKAGE)}
    return Stage(
        name=name,
        code=code_of(name, tuple(sorted(map(_module_of, own)))),
        inputs={dataset: entries[dataset].path for dataset in data},
        outputs={dataset: entries[dataset].path for dataset in outputs},
        groups=tuple(
            dataset.removeprefix("params:") for dataset in inputs if dataset.startswith("params:")
        ),
        run_values=tuple(
            value for dataset in outputs for value in entries[dataset].metadata.get("external", ())
        ),
    )


def select_parameters(parameters: Mapping[str, Any], groups: Iterable[str]) -> dict[str, Any]:
    """Values of the groups that a stage reads, as JSON knows them and with optional keys filled in.

    Kedro has made some of them typed models already, depending on what was asked to run.
    """
    selected: dict[str, Any] = {}
    for group in groups:
        adapter, value = adapter_of(group), parameters.get(group)
        try:
            value = adapter.validate_python(value)
        except ValidationError:  # of a `dvc.lock`, which may say anything: it counts as changed
            selected[group] = value
        else:
            selected[group] = adapter.dump_python(value, mode="json", by_alias=True)
    return selected


def adapter_of(group: str) -> TypeAdapter[Any]:
    """What validates and dumps a group of parameters. Raises ParameterError for an unknown one."""
    fields = {field.alias or name: field for name, field in Parameters.model_fields.items()}
    if group not in fields:
        raise ParameterError(f"params:{group}: no such group; the model is in params/parameters.py")
    kind: Any = fields[group].annotation
    return TypeAdapter(kind)


@lru_cache
def code_of(stage: str, datasets: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Files and folders under ``src/`` that a stage runs, by their imports.

    Args:
        stage: its name.
        datasets: modules of the datasets that it loads and saves, which nothing imports: Kedro
            finds them by the catalog's ``type``.
    """
    graph = _import_graph()
    wiring = "drawing" if stage in DRAWINGS.values() else "pipeline"
    found = {f"{PACKAGE}.pipelines.{pipeline_of(stage)}.{wiring}", *datasets}
    for module in tuple(found):
        found |= graph.find_upstream_modules(module)
    return tuple(sorted({_source_path(module, graph.modules) for module in found - {PACKAGE}}))


def code_root(project_path: Path) -> Path:
    """The folder that stands for ``src/`` in the paths of code.

    It is the project's own, as DVC has it; without one, where the package is installed.
    """
    own = project_path / "src"
    return own if (own / PACKAGE).is_dir() else Path(__file__).parents[3]


def require_own_code(project_path: Path) -> None:
    """Refuse code of another place than the project's: records and MLflow would name the wrong one.

    Raises:
        ParameterError: another checkout's package was imported first.
    """
    own, running = code_root(project_path) / PACKAGE, Path(__file__).parents[2]
    if (own / "__init__.py").exists() and not own.samefile(running):
        raise ParameterError(
            f"the code that runs is {running}, not this project's own {own}: install this project "
            "into the environment (`make setup`), or take the project's own"
        )


@lru_cache
def _import_graph() -> Any:
    import grimp

    # Without its cache, which would leave a folder in the project.
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    for module in (_ERRORS, _SINK):
        graph.remove_module(module)
    return graph


def _module_of(type_name: str) -> str:
    """The module that defines a class, however the catalog names it."""
    module, _, name = type_name.rpartition(".")
    defined: str = getattr(import_module(module), name).__module__
    return defined


def _source_path(module: str, modules: Iterable[str]) -> str:
    for folder in _FOLDERS:
        if module.startswith(f"{folder}."):
            module = folder
    path = PurePosixPath("src", *module.split("."))
    if module in _FOLDERS:
        return str(path)
    is_package = any(other.startswith(f"{module}.") for other in modules)
    return str(path / "__init__.py") if is_package else f"{path}.py"
