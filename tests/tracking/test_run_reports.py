"""What is read of a run's artifacts in a real store."""

import json
from pathlib import Path

import pytest

from dermaflow.tracking.run_reports import (
    SPLIT_REPORT,
    read_artifact,
    read_data_version,
    read_report,
)


@pytest.mark.parametrize(
    ("tag", "report", "version"),
    [
        ("of the tag", {"data_version": "of the report"}, "of the tag"),
        (None, {"data_version": "of the report"}, "of the report"),
        (None, {"data_version": 7}, "7"),
        (None, {"groups_across_splits": 0}, None),
        (None, None, None),
    ],
)
def test_the_data_version_is_the_tags_then_the_split_reports(experiment, tag, report, version):
    tags = {} if tag is None else {"data_version": tag}
    artifacts = {} if report is None else {SPLIT_REPORT: report}
    run_id = experiment.make_run(tags=tags, artifacts=artifacts)
    run = experiment.client.get_run(run_id)
    assert read_data_version(experiment.client, run) == version


@pytest.mark.parametrize("content", [b"", b'{"broken": [', b"\xff\xfe", [1, 2], "text", None])
def test_what_is_no_json_object_is_no_report(experiment, content):
    run_id = experiment.make_run(artifacts={"validation/report.json": content})
    assert read_report(experiment.client, run_id, "validation/report.json") is None


def test_a_report_is_found_by_its_whole_path_alone(experiment):
    contents = {
        "validation/report.json": {"of": "validation"},
        "validation/drift/report.json": {"of": "drift"},
        "validation/report.json.old": {"of": "before"},
    }
    run_id = experiment.make_run(artifacts=contents)
    for path, content in contents.items():
        assert read_report(experiment.client, run_id, path) == content
    for path in ("validation/report", "drift/report.json", "report.json"):
        assert read_report(experiment.client, run_id, path) is None


def test_a_copy_is_read_whose_place_is_clean_afterwards_and_errors_pass_through(experiment):
    run_id = experiment.make_run(artifacts={"a/table.json": {"rows": 3}})
    seen = []

    def read(path):
        seen.append(path)
        return json.loads(path.read_text())["rows"]

    assert read_artifact(experiment.client, run_id, "a/table.json", read) == 3
    with pytest.raises(NotADirectoryError):
        read_artifact(experiment.client, run_id, "a/table.json", lambda path: list(path.iterdir()))
    assert read_artifact(experiment.client, run_id, "a/other.json", read) is None
    assert [path.name for path in seen] == ["table.json"]
    assert not seen[0].exists()
    assert not Path(seen[0]).parent.exists()
