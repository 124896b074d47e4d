"""A project whose stages have toy nodes, which the project's own runner runs in milliseconds.

Its stages have names of real ones, and so their code: files of one line stand for it. All else is
real: the runner, the catalog, the records, the typed parameters.
"""

import os
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import pipelines
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node, pipeline

from conf_params import params_of
from dermaflow.schema import ALL_STAGES, DRAWINGS, pipeline_of
from dermaflow.versioning.stages.runner import StageRunner
from dermaflow.versioning.stages.workspace import Workspace

RAW = "data/01_raw/clinic"
CHAIN = ("ingest", "validate", "train", "register")
CATALOG = {
    "rows": {"type": "json.JSONDataset", "filepath": "data/02/rows.json"},
    "scans": {"type": "dermaflow.datasets.FolderDataset", "filepath": "data/02/scans"},
    "manifest": {"type": "json.JSONDataset", "filepath": "data/03/manifest.json"},
    "report": {"type": "json.JSONDataset", "filepath": "data/08/report.json"},
    "pages": {"type": "dermaflow.datasets.FolderDataset", "filepath": "data/08/pages"},
    "summary": {"type": "dermaflow.datasets.FolderDataset", "filepath": "data/08/summary"},
    "checkpoints": {
        "type": "dermaflow.datasets.WorkingFolderDataset",
        "filepath": "data/unfinished/train",
        "metadata": {"without_effect": True},
    },
    "weights": {"type": "json.JSONDataset", "filepath": "data/06/weights.json"},
    "registration": {
        "type": "json.JSONDataset",
        "filepath": "data/08/registration.json",
        "metadata": {"external": ["tracking_uri"]},
    },
    "stage_records": {
        "type": "dermaflow.datasets.StageRecordsDataset",
        "filepath": "data/stage_records",
    },
}
CLINIC = {
    "train": "clinic",
    "external": [],
    "sources.clinic": {
        "kind": "table",
        "table": f"{RAW}/list.csv",
        "images": f"{RAW}/images",
        "columns": {"image_id": "image_id", "file": "file", "label": "label"},
        "licence": "none is needed",
    },
}


class ToyProject:
    """Four stages and a drawing::

        ingest            raw table -> rows, scans
        validate          rows -> manifest, report
        validate_drawing  manifest -> pages; report -> summary
        train             manifest, checkpoints -> weights
        register          weights -> registration

    Args:
        folder: an empty one, or a copy of another such project; it must be the working directory
            of who runs stages.

    Attributes:
        parameters: group -> typed parameters.
        tracking_uri: of MLflow's store.
        during: node -> what it does before its work.
        ran: nodes that the last run ran.
        events: hooks that the last run called, with what they got.
        outside: stage -> what hooks say of its outputs, as of a model in a registry.
    """

    def __init__(self, folder):
        self.folder = folder
        self.parameters = {"ingest": params_of("ingest", CLINIC)}
        self.parameters |= {group: params_of(group) for group in ("validate", "seed")}
        self.tracking_uri = "sqlite:///a.db"
        self.during, self.ran, self.events, self.outside = {}, [], [], {}
        self._fill_pipelines()
        if not (folder / RAW).exists():
            self._write_files()

    def path(self, name):
        """A path of the project."""
        return self.folder / name

    def place(self, dataset):
        """Where a dataset lies."""
        return self.folder / CATALOG[dataset]["filepath"]

    def catalog(self):
        """A new catalog, as each run has one."""
        entries = {
            name: {**entry, "filepath": str(self.place(name))} for name, entry in CATALOG.items()
        }
        catalog = DataCatalog.from_config(entries)
        catalog["parameters"] = MemoryDataset(self.parameters)
        catalog["tracking_uri"] = MemoryDataset(self.tracking_uri)
        catalog["project_path"] = MemoryDataset(self.folder)
        for group, value in self.parameters.items():
            catalog[f"params:{group}"] = MemoryDataset(value)
        return catalog

    def workspace(self):
        """Its state now, as each run looks at it anew."""
        return Workspace(self.folder, self.catalog())

    def run(self, *stages, nodes=None, force=False):
        """Run the pipelines of stages, or some of their nodes; gives the nodes that ran."""
        self.ran, self.events = [], []
        asked = sum((pipelines[stage] for stage in stages), Pipeline([]))
        asked = asked.filter(node_names=nodes) if nodes else asked
        hooks = _create_hook_manager()
        hooks.register(_Recorder(self.events, self.outside))
        try:
            StageRunner(force=force).run(asked, self.catalog(), hooks)
        finally:
            self.end()
        return self.ran

    def end(self):
        """Let the locks of the last run go, as a hook does at its end."""
        for name, *about in self.events:
            if name == "before_stages_run":
                about[0].locks.release()

    def change(self, group, changes):
        """Change parameters of a group by their dotted keys."""
        base = CLINIC if group == "ingest" else {}
        self.parameters[group] = params_of(group, {**base, **changes})

    def contents(self):
        """Bytes of all data but raw ones and the runner's own."""
        data = self.path("data")
        files = {path.relative_to(data): path for path in data.rglob("*") if path.is_file()}
        return {
            name.as_posix(): path.read_bytes()
            for name, path in files.items()
            if name.parts[0] not in ("01_raw", "stage_records")
        }

    def _write_files(self):
        (self.folder / RAW / "images").mkdir(parents=True)
        (self.folder / RAW / "list.csv").write_text("1,nv\n2,mel\n")
        (self.folder / "pyproject.toml").write_text("[tool.kedro]\n")
        workspace = self.workspace()
        for path in {path for stage in ALL_STAGES for path in workspace.stage(stage).code}:
            self.path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path(path).write_text("1\n")

    def _fill_pipelines(self):
        def of_stage(stage, *nodes):
            return pipeline(nodes, tags=stage)

        made = {
            "ingest": of_stage(
                "ingest",
                self._node(self._list_rows, "params:ingest", "rows"),
                self._node(self._scan, "rows", "scans"),
            ),
            "validate": of_stage(
                "validate",
                self._node(self._check, ["rows", "params:validate"], "manifest"),
                self._node(self._report, "manifest", "report"),
            )
            + of_stage(
                "validate_drawing",
                self._node(self._draw_pages, "manifest", "pages"),
                self._node(self._draw_summary, "report", "summary"),
            ),
            "train": of_stage(
                "train",
                self._node(self._train, ["manifest", "params:seed", "checkpoints"], "weights"),
            ),
            "register": of_stage("register", self._node(self._register, "weights", "registration")),
        }
        pipelines.configure(None)
        for stage in ALL_STAGES:
            if stage not in DRAWINGS.values():
                pipelines[pipeline_of(stage)] = made.get(stage, Pipeline([]))

    def _node(self, function, inputs, outputs):
        name = function.__name__.lstrip("_")

        def run(*given):
            self.ran.append(name)
            self.during.get(name, lambda: None)()
            return function(*given)

        run.__name__ = name
        return node(run, inputs, outputs, name=name)

    def _list_rows(self, ingest):
        lines = Path(ingest.sources["clinic"].table).read_text().splitlines()
        return [line.split(",") for line in lines]

    def _scan(self, rows):
        return {f"{number}.txt": label.encode() for number, label in rows}

    def _check(self, rows, validate):
        return {"rows": rows, "test": validate.split.test}

    def _report(self, manifest):
        return {"rows": len(manifest["rows"])}

    def _draw_pages(self, manifest):
        return {"index.html": str(manifest).encode()}

    def _draw_summary(self, report):
        return {"index.html": str(report).encode()}

    def _train(self, manifest, seed, checkpoints):
        checkpoints.path.mkdir(parents=True, exist_ok=True)
        (checkpoints.path / "step").write_text("1")
        return {"bias": len(manifest["rows"]) + seed}

    def _register(self, weights):
        return {"version": 1, "bias": weights["bias"]}


class _Recorder:
    """Notes the runner's calls of hooks, by the hook's name and what it is about."""

    def __init__(self, events, outside):
        self._events, self._outside = events, outside

    @hook_impl
    def are_outputs_true(self, stage):
        return self._outside.get(stage)

    @hook_impl
    def before_stages_run(self, workspace):
        self._events.append(("before_stages_run", workspace))

    @hook_impl
    def before_stage_run(self, stage, part):
        assert part == ""
        self._events.append(("before_stage_run", stage))

    @hook_impl
    def after_stage_run(self, stage, outputs):
        there = {name: path for name, path in outputs.items() if path.exists()}
        self._events.append(("after_stage_run", stage, there))

    @hook_impl
    def on_stage_error(self, stage, outputs):
        self._events.append(("on_stage_error", stage, dict(outputs)))

    @hook_impl
    def on_pipeline_interrupt(self, error):
        self._events.append(("on_pipeline_interrupt", type(error)))


def replace_unseen(path, content):
    """Other content of the same size and time, as a failing disk leaves it."""
    before = path.stat()
    assert len(content) == before.st_size
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def fail(error):
    """Raise an error when called: for ``ToyProject.during``."""

    def function():
        raise error

    return function


def own_code(toy, stage):
    """A file that the stage alone runs."""
    others = {"ingest", "validate", "validate_drawing", "train", "register"} - {stage}
    workspace = toy.workspace()
    codes = {path for other in others for path in workspace.stage(other).code}
    return toy.path(next(path for path in workspace.stage(stage).code if path not in codes))


def leftovers(toy):
    """What was written aside, beside its place, and is still there."""
    found = [path for path in toy.path("data").rglob(".*") if "stage_records" not in path.parts]
    return [path for path in found if path.name.endswith(("partial", "replaced"))]
