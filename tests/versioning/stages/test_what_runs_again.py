"""A stage runs again for its reasons alone: what each change touches first.

What follows is decided by the outputs that come out different, which whole runs show
(``tests/runs/test_what_runs_again.py``).
"""

import copy

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines

from dermaflow.schema import ALL_STAGES, DRAWINGS
from dermaflow.versioning.dvc.stage_file import environments, read_conf_files, render_dvc_file
from dermaflow.versioning.stages.stage_dependencies import (
    CatalogEntry,
    describe_stage,
    select_parameters,
    stage_nodes,
)

EVALUATED = {"evaluate", "evaluate_drawing", "crossval_evaluate", "crossval_evaluate_drawing"}
# What a version was measured with goes along with it.
MEASURED = EVALUATED | {"register"}
TRAINED = {"train", "crossval_train", "search"}


@pytest.fixture(scope="module")
def conf(project_path):
    configure_project("dermaflow")
    return read_conf_files(project_path, "smoke")


@pytest.fixture(scope="module")
def stages(conf):
    entries = {
        name: CatalogEntry(entry["filepath"], entry["type"], entry.get("metadata", {}))
        for name, entry in conf["catalog"].items()
    }
    return {
        name: describe_stage(name, stage_nodes(pipelines, name), entries) for name in ALL_STAGES
    }


def touched_by_code(stages, path):
    """Stages whose record or ``dvc.yaml`` names a file, or the folder that it is in."""
    path = f"src/dermaflow/{path}"
    return {
        name
        for name, stage in stages.items()
        if any(path == code or path.startswith(f"{code}/") for code in stage.code)
    }


def touched_by_parameters(stages, before, after):
    return {
        name
        for name, stage in stages.items()
        if select_parameters(before, stage.groups) != select_parameters(after, stage.groups)
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("reporting/style.py", set(DRAWINGS.values())),
        ("reporting/data_docs/page.css", {"validate_drawing"}),
        ("reporting/drift/page.html.j2", {"validate_drawing"}),
        ("pipelines/train/drawing.py", {"train_drawing"}),
        ("ml/evaluation/metrics.py", {"evaluate", "crossval_evaluate"}),
        ("ml/training/losses.py", TRAINED),
        ("ml/synthesis/dcgan.py", {"augment", "crossval_train"}),
        ("ml/explanation/lime_maps.py", {"explain"}),
        ("data/sources/ham10000.py", {"ingest"}),
        ("registry/gates.py", set()),
        ("tracking/tracker.py", set()),
        ("versioning/stages/runner.py", set()),
        ("params/promote.py", set()),
        ("params/labels.py", {"ingest"}),
        ("params/sources.py", {"ingest"}),
        ("params/explain.py", {"explain"}),
        ("params/train.py", {*TRAINED, "augment", "train_drawing"}),
    ],
)
def test_a_change_of_code_touches_who_runs_it(stages, path, expected, project_path):
    assert (project_path / "src/dermaflow" / path).is_file()
    assert touched_by_code(stages, path) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (("promote", "gates", "macro_auc", "bound"), 0.5, set()),
        (("evaluate", "operating_points", "mel_recall_90", "recall"), 0.91, MEASURED),
        (("explain", "per_class"), 3, {"explain"}),
        (("train", "loss", "label_smoothing"), 0.2, {*TRAINED, "train_drawing"}),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_a_change_of_a_parameter_touches_who_reads_it(stages, conf, key, value, expected):
    before = conf["parameters"]
    after = copy.deepcopy(before)
    *groups, last = key
    branch = after
    for name in groups:
        branch = branch[name]
    assert branch[last] != value
    branch[last] = value
    assert touched_by_parameters(stages, before, after) == expected


def test_no_data_depend_on_drawing(stages):
    """Neither on its code nor on what it draws."""
    drawn = {path for name in DRAWINGS.values() for path in stages[name].outputs.values()}
    for name in ALL_STAGES:
        if name not in DRAWINGS.values():
            assert not [path for path in stages[name].code if "reporting" in path], name
            assert not [path for path in stages[name].code if path.endswith("drawing.py")], name
        assert not drawn & set(stages[name].inputs.values()), name


def test_dvc_names_the_same_files(stages, project_path):
    """So that ``kedro repro`` and ``kedro run`` run the same stages again."""
    assert "smoke" in environments(project_path)
    rendered = yaml.safe_load(
        render_dvc_file(project_path, pipelines, "smoke", tuple(ALL_STAGES[:12]))
    )
    for name, entry in rendered["stages"].items():
        assert set(stages[name].code) <= set(entry["deps"]), name
        assert {*entry["outs"], *entry.get("metrics", ())} == set(stages[name].outputs.values())
