"""``dvc.yaml`` of each environment, written from what the project already says elsewhere.

The pipelines tell what a stage reads, writes and is parametrised by, the catalog where that lies,
and the import graph which code it runs. Written by hand, three files of these lists would drift.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kedro.config import OmegaConfigLoader
from kedro.pipeline import Pipeline
from omegaconf.errors import OmegaConfBaseException

from dermaflow.errors import VersioningError
from dermaflow.io.text import one_line
from dermaflow.params.check import check_parameters
from dermaflow.schema import (
    DEFAULT_ENVIRONMENT,
    DRAWINGS,
    EXTRAS,
    STAGES,
    pipeline_of,
    with_drawings,
)
from dermaflow.versioning.dvc.tracked_files import split_tracked
from dermaflow.versioning.stages.raw_inputs import external_paths
from dermaflow.versioning.stages.stage_dependencies import (
    CatalogEntry,
    Stage,
    describe_stage,
    stage_nodes,
)

_VARIABLES = "DERMAFLOW_"
_HEADER = """\
# Written by `kedro dvc-yaml` from the pipelines, the catalog and the import graph: edit those.
"""


def dvc_path(project_path: Path, env: str, extra: str | None = None) -> Path:
    """Where an environment's file is: the root for ``base``, else the environment's folder.

    Args:
        project_path: root of the project.
        env: the environment.
        extra: of EXTRAS, whose stages have a file of their own, lest ``dvc repro`` run them with
            the others, or ``dvc status`` miss their outputs.
    """
    folder = project_path / "conf" / env
    if extra:
        return folder / extra / "dvc.yaml"
    return (project_path if env == DEFAULT_ENVIRONMENT else folder) / "dvc.yaml"


def dvc_files(project_path: Path, env: str) -> dict[Path, tuple[str, ...]]:
    """Each file of an environment and its stages."""
    files = {dvc_path(project_path, env): with_drawings(STAGES)}
    extras = {dvc_path(project_path, env, extra): stages for extra, stages in EXTRAS.items()}
    return files | {path: with_drawings(stages) for path, stages in extras.items()}


def environments(project_path: Path) -> list[str]:
    """Environments that write under a root of their own."""
    return sorted(path.parent.name for path in (project_path / "conf").glob("*/globals.yml"))


def write_dvc_files(project_path: Path, pipelines: Mapping[str, Pipeline]) -> list[Path]:
    """Write the file of every environment; returns their paths."""
    written = []
    for env in environments(project_path):
        for path, stages in dvc_files(project_path, env).items():
            path.parent.mkdir(exist_ok=True)
            text = render_dvc_file(project_path, pipelines, env, stages)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def render_dvc_file(
    project_path: Path,
    pipelines: Mapping[str, Pipeline],
    env: str,
    stages: Sequence[str] = with_drawings(STAGES),
) -> str:
    """The text of the ``dvc.yaml`` of some of an environment's stages, see ``dvc_files``."""
    catalog = read_conf_files(project_path, env)["catalog"]
    entries = {
        name: CatalogEntry(entry["filepath"], entry["type"], entry.get("metadata", {}))
        for name, entry in catalog.items()
        if "filepath" in entry
    }
    parameters = _committed_parameters(project_path, env)
    described = [describe_stage(name, stage_nodes(pipelines, name), entries) for name in stages]
    (folder,) = (p.parent for p, names in dvc_files(project_path, env).items() if names == stages)
    root = Path(os.path.relpath(project_path, folder)).as_posix()
    content: dict[str, Any] = {}
    content["stages"] = {
        stage.name: _stage_entry(project_path, stage, env, parameters, root) for stage in described
    }
    plots = _plots(described, catalog, root)
    if plots:
        content["plots"] = plots
    text: str = yaml.safe_dump(content, sort_keys=False, width=100)
    return _HEADER + text


def read_conf_files(project_path: Path, env: str) -> OmegaConfigLoader:
    """Configuration as the files of ``base`` and the environment give it, and nothing else."""
    from kedro.framework.project import settings

    return OmegaConfigLoader(
        str(project_path / settings.CONF_SOURCE),
        env=env,
        **settings.CONFIG_LOADER_ARGS | {"default_run_env": env},
    )


def _committed_parameters(project_path: Path, env: str) -> dict[str, Any]:
    """Parameters as they are where no variable of the project's is set: on all machines the same.

    Raises:
        ParameterError: one is wrong.
    """
    try:
        with _without_variables():
            parameters: dict[str, Any] = read_conf_files(project_path, env)["parameters"]
    except OmegaConfBaseException:  # one of them has no default: every machine sets it
        parameters = read_conf_files(project_path, env)["parameters"]
    check_parameters(
        parameters, [project_path / "conf" / name for name in (env, DEFAULT_ENVIRONMENT)]
    )
    return parameters


@contextmanager
def _without_variables() -> Iterator[None]:
    """Unset the environment variables that ``conf/`` asks for a path of this machine."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(_VARIABLES)}
    for name in ours:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(ours)


def stage_command(name: str, env: str) -> str:
    """What DVC runs for a stage.

    The environment by name, so that neither ``conf/local`` nor ``KEDRO_ENV`` has a say, of which
    DVC knows nothing. A pipeline that also draws is two stages to DVC, told apart by their tags.
    """
    pipeline = pipeline_of(name)
    tags = f" --tags {name}" if pipeline in DRAWINGS else ""
    return f"kedro run --env {env} --pipelines {pipeline}{tags}"


def _stage_entry(
    project_path: Path, stage: Stage, env: str, parameters: Mapping[str, Any], root: str
) -> dict[str, Any]:
    entry: dict[str, Any] = {"cmd": stage_command(stage.name, env)}
    if root != ".":
        entry["wdir"] = root
    tracked, _ = split_tracked(project_path, external_paths(stage, parameters))
    entry["deps"] = [*stage.code, *tracked, *stage.inputs.values()]
    entry["params"] = parameter_files(project_path, stage.groups, env)
    metrics = [path for name, path in stage.outputs.items() if name.endswith("metrics")]
    entry["outs"] = [path for path in stage.outputs.values() if path not in metrics]
    if metrics:
        entry["metrics"] = metrics
    return entry


def _plots(stages: Iterable[Stage], catalog: Mapping[str, Any], root: str) -> list[dict[str, Any]]:
    """Curves of ``dvc plots``, from the catalog's ``metadata.dvc-plots``.

    Paths of top-level plots are relative to the file, unlike those of a stage with its ``wdir``.
    """
    plots: list[dict[str, Any]] = []
    for name in (name for stage in stages for name in stage.outputs):
        for plot in catalog[name].get("metadata", {}).get("dvc-plots", ()):
            path = f"{'' if root == '.' else f'{root}/'}{catalog[name]['filepath']}"
            plots.append({plot["title"]: {"x": plot["x"], "y": {path: plot["y"]}}})
    return plots


def parameter_files(project_path: Path, groups: Iterable[str], env: str) -> list[Any]:
    """Files that set the groups: a stage's own as a whole, of all others those groups.

    Kedro reads every ``parameters*.yml`` of an environment, whatever it is called and holds.
    """
    groups = list(groups)
    own = {f"parameters_{group}.yml": place for place, group in enumerate(groups)}
    found: list[Any] = []
    for folder in dict.fromkeys((DEFAULT_ENVIRONMENT, env)):
        files = _parameter_files_of(project_path / "conf" / folder)
        for file in sorted(files, key=lambda file: (own.get(file.name, -1), file)):
            path = file.relative_to(project_path).as_posix()
            keys = None if file.name in own else _set_groups(file, groups)
            found += [{path: keys}] if keys or file.name in own else []
    return found


def _parameter_files_of(folder: Path) -> set[Path]:
    """As Kedro's patterns of parameters have it."""
    patterns = ("**/parameters*.yml", "parameters*/**/*.yml")
    return {file for pattern in patterns for file in folder.glob(pattern)}


def _set_groups(file: Path, groups: Iterable[str]) -> list[str]:
    """Those of the groups that a file sets; read only if one may be among them, which is quick."""
    text = file.read_text(encoding="utf-8", errors="replace")
    named = [group for group in groups if re.search(rf"^['\"]?{group}\b", text, re.MULTILINE)]
    content = read_yaml(file) if named else {}
    return [group for group in named if group in content]


def read_yaml(path: Path) -> dict[str, Any]:
    """A file's mapping; empty where there is no file, or nothing in it.

    Raises:
        VersioningError: the file holds something else, such as the marks of a merge conflict.
    """
    if not path.exists():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VersioningError(f"{path} is no YAML: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise VersioningError(f"{path} is no YAML with keys at its top")
    return content
