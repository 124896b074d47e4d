"""What a stage reads, writes, runs and is parametrised by.

Pipelines name data and parameters, the catalog says where data lies, and the import graph says
which code runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from kedro.pipeline import Pipeline
from pydantic import TypeAdapter, ValidationError

from dermaflow.params.parameters import Parameters

PACKAGE = "dermaflow"
# Packages that belong together: a stage that needs one module of them depends on the folder.
_FOLDERS = tuple(
    f"{PACKAGE}.{name}"
    for name in (
        "data.sources",
        "data.validation",
        "serving",
        # Templates lie beside their modules.
        "reporting.drift",
        "reporting.duplicates",
        "reporting.data_docs",
    )
)
# Reached through the catalog's `type`, not by an import.
_DATASETS = f"src/{PACKAGE}/datasets"
# What changes no output: types of parameters, texts of errors, and where live curves go, with all
# that it takes to bring them there.
_WITHOUT_EFFECT = tuple(f"{PACKAGE}.{name}" for name in ("params", "errors"))
_SINK = f"{PACKAGE}.tracking.mlflow_sink"


@dataclass(frozen=True)
class Stage:
    """One stage's files and parameters; paths are as the catalog gives them.

    Attributes:
        name: of the stage.
        code: files and folders below ``src/``, sorted.
        inputs: dataset -> path, of what other stages made.
        outputs: dataset -> path, of all that the stage saves.
        groups: parameters, ``train`` or ``seed`` for instance.
    """

    name: str
    code: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    groups: tuple[str, ...]


def describe_stage(
    name: str, pipeline: Pipeline, files: Mapping[str, str], types: Mapping[str, str]
) -> Stage:
    """Put together what is known of a stage.

    Args:
        name: of the stage.
        pipeline: its nodes, all of them.
        files: dataset -> path, without what has no effect (see ``has_no_effect``).
        types: dataset -> class, with its module.
    """
    inputs = sorted(pipeline.inputs())
    data = [dataset for dataset in inputs if dataset in files]
    outputs = sorted(dataset for node in pipeline.nodes for dataset in node.outputs)
    own = any(types.get(dataset, "").startswith(PACKAGE) for dataset in (*data, *outputs))
    return Stage(
        name=name,
        code=tuple(sorted([*code_of(name), *([_DATASETS] if own else [])])),
        inputs={dataset: files[dataset] for dataset in data},
        outputs={dataset: files[dataset] for dataset in outputs},
        groups=tuple(
            dataset.removeprefix("params:") for dataset in inputs if dataset.startswith("params:")
        ),
    )


def select_parameters(parameters: Mapping[str, Any], groups: Iterable[str]) -> dict[str, Any]:
    """Values of the groups that a stage reads, as JSON knows them and with optional keys filled in.

    Kedro has made some of them typed models already, depending on what was asked to run.
    """
    fields = {field.alias or name: field for name, field in Parameters.model_fields.items()}
    selected: dict[str, Any] = {}
    for group in groups:
        value = parameters.get(group)
        kind: Any = fields[group].annotation
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            value = adapter.validate_python(value)
        except ValidationError:  # of an older code's lock
            selected[group] = value
        else:
            selected[group] = adapter.dump_python(value, mode="json", by_alias=True)
    return selected


def has_no_effect(metadata: Mapping[str, Any] | None) -> bool:
    """Whether a catalog's entry with such metadata changes nothing of what a stage makes.

    A working folder and the previous output only save work, so that they are no inputs.
    """
    return bool((metadata or {}).get("without_effect"))


@lru_cache
def code_of(stage: str) -> tuple[str, ...]:
    """Files and folders under ``src/`` that the stage runs, by their imports."""
    graph = _import_graph()
    package = f"{PACKAGE}.pipelines.{stage}"
    modules = graph.find_upstream_modules(package, as_package=True) - {PACKAGE}
    paths = {_source_path(module, graph.modules) for module in {package, *modules}}
    return tuple(sorted(path for path in paths if path))


@lru_cache
def _import_graph() -> Any:
    import grimp

    # Without its cache, which would leave a folder in the project.
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    graph.remove_module(_SINK)
    return graph


def _source_path(module: str, modules: Iterable[str]) -> str | None:
    if module.startswith(_WITHOUT_EFFECT):
        return None
    for folder in _FOLDERS:
        if module.startswith(folder):
            module = folder
    path = PurePosixPath("src", *module.split("."))
    is_package = any(other.startswith(f"{module}.") for other in modules)
    return str(path) if is_package else f"{path}.py"
