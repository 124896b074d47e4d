"""``dvc.yaml`` of each environment, written from what the project already says elsewhere.

The pipelines tell what a stage reads, writes and is parametrised by, the catalog where that lies,
and the import graph which code it runs. Written by hand, three files of these lists would drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from kedro.config import OmegaConfigLoader
from kedro.pipeline import Pipeline

from dermaflow.schema import STAGES

PACKAGE = "dermaflow"
# Packages that belong together: a stage that needs one module of them depends on the folder.
_FOLDERS = tuple(f"{PACKAGE}.{name}" for name in ("sources", "validation", "serving"))
# Reached through the catalog's `type`, not by an import.
_DATASETS = f"src/{PACKAGE}/datasets"
# What changes no output: types of parameters, texts of errors, and where live curves go.
_WITHOUT_EFFECT = tuple(f"{PACKAGE}.{name}" for name in ("params", "errors", "tracking.sink"))
_HEADER = """\
# Written by `kedro dvc-yaml` from the pipelines, the catalog and the import graph: edit those.
"""


def dvc_path(project_path: Path, env: str) -> Path:
    """Where an environment's file is: the root for ``base``, else the environment's folder."""
    return project_path / "dvc.yaml" if env == "base" else project_path / "conf" / env / "dvc.yaml"


def environments(project_path: Path) -> list[str]:
    """Environments that write under a root of their own."""
    return sorted(path.parent.name for path in (project_path / "conf").glob("*/globals.yml"))


def write_dvc_files(project_path: Path, pipelines: Mapping[str, Pipeline]) -> list[Path]:
    """Write the file of every environment; returns their paths."""
    written = []
    for env in environments(project_path):
        path = dvc_path(project_path, env)
        path.write_text(render_dvc_file(project_path, pipelines, env), encoding="utf-8")
        written.append(path)
    return written


def render_dvc_file(project_path: Path, pipelines: Mapping[str, Pipeline], env: str) -> str:
    """The text of one environment's ``dvc.yaml``."""
    loader = OmegaConfigLoader(
        str(project_path / "conf"), env=env, base_env="base", default_run_env=env
    )
    catalog = loader["catalog"]
    stages = {
        stage: _describe_stage(project_path, stage, pipelines[stage], catalog, env)
        for stage in STAGES
    }
    text: str = yaml.safe_dump({"stages": stages}, sort_keys=False, width=100)
    return _HEADER + text


def _describe_stage(
    project_path: Path, stage: str, pipeline: Pipeline, catalog: Mapping[str, Any], env: str
) -> dict[str, Any]:
    files = {name: entry["filepath"] for name, entry in catalog.items()}
    inputs = sorted(pipeline.inputs())
    data = [files[name] for name in inputs if not name.startswith("params:")]
    groups = [name.removeprefix("params:") for name in inputs if name.startswith("params:")]
    outputs = sorted(name for node in pipeline.nodes for name in node.outputs)
    entry: dict[str, Any] = {"cmd": f"kedro run --pipelines {stage}"}
    if env != "base":
        entry = {"cmd": f"{entry['cmd']} --env {env}", "wdir": "../.."}
    used = [catalog[name]["type"] for name in (*inputs, *outputs) if name in catalog]
    own_datasets = [_DATASETS] if any(kind.startswith(PACKAGE) for kind in used) else []
    entry["deps"] = sorted([*code_of(stage), *own_datasets]) + data
    entry["params"] = _parameter_files(project_path, groups, env)
    entry["outs"] = [files[name] for name in outputs if name != "metrics"]
    if "metrics" in outputs:
        entry["metrics"] = [files["metrics"]]
    return entry


def code_of(stage: str) -> list[str]:
    """Files and folders under ``src/`` that the stage runs, by their imports."""
    import grimp  # with the developers' tools: whoever runs pipelines does not need it

    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)
    package = f"{PACKAGE}.pipelines.{stage}"
    modules = graph.find_upstream_modules(package, as_package=True) - {PACKAGE}
    paths = {_source_path(module, graph.modules) for module in {package, *modules}}
    return sorted(path for path in paths if path)


def _source_path(module: str, modules: Iterable[str]) -> str | None:
    if module.startswith(_WITHOUT_EFFECT):
        return None
    for folder in _FOLDERS:
        if module.startswith(folder):
            module = folder
    path = PurePosixPath("src", *module.split("."))
    is_package = any(other.startswith(f"{module}.") for other in modules)
    return str(path) if is_package else f"{path}.py"


def _parameter_files(project_path: Path, groups: Iterable[str], env: str) -> list[Any]:
    """Parameter files of the groups, ``base``'s and the environment's; whole, or some keys."""
    shared = [name for name in groups if not _files_of(project_path, name, "base")]
    found: list[Any] = []
    for folder in dict.fromkeys(("base", env)):
        path = Path("conf", folder, "parameters.yml")
        keys = [name for name in shared if name in _keys_of(project_path / path)]
        found += [{path.as_posix(): keys}] if keys else []
    for name in groups:
        for folder in dict.fromkeys(("base", env)):
            found += [{path: None} for path in _files_of(project_path, name, folder)]
    return found


def _keys_of(path: Path) -> set[str]:
    return set(yaml.safe_load(path.read_text()) or {}) if path.exists() else set()


def _files_of(project_path: Path, group: str, env: str) -> list[str]:
    path = Path("conf", env, f"parameters_{group}.yml")
    return [path.as_posix()] if (project_path / path).exists() else []
