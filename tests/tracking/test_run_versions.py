"""What a run in a real store says of the state that it was made from."""

from dermaflow.tracking.run_versions import RunVersions, read_versions

ENTRIES = {
    "ingest": {"cmd": "kedro run", "outs": [{"path": "data/a", "md5": "1"}]},
    "validate_drawing": {"cmd": "kedro run", "outs": []},
}


def read(experiment, **held):
    run = experiment.client.get_run(experiment.make_run(**held))
    return read_versions(experiment.client, run)


def test_entries_go_by_their_stages_and_the_patch_is_kept_to_the_byte(experiment):
    patch = b"diff --git a/src/a.py b/src/a.py\r\n-\xe4\n+\x00no newline at the end"
    artifacts = {f"versions/{stage}.json": entry for stage, entry in ENTRIES.items()}
    tags = {
        "env": "smoke",
        "command": "kedro run --env smoke",
        "mlflow.source.git.commit": "c0ffee",
        "git_dirty": "true",
    }
    artifacts |= {"versions/uncommitted.patch": patch, "evaluation/metrics.json": {}}
    assert read(experiment, tags=tags, artifacts=artifacts) == RunVersions(
        env="smoke", command="kedro run --env smoke", commit="c0ffee", patch=patch, entries=ENTRIES
    )


def test_a_run_of_committed_code_has_no_patch(experiment):
    artifacts = {"versions/ingest.json": ENTRIES["ingest"]}
    found = read(experiment, tags={"mlflow.source.git.commit": "c0ffee"}, artifacts=artifacts)
    assert found.patch == b""
    assert found.entries == {"ingest": ENTRIES["ingest"]}


def test_a_run_outside_a_checkout_that_left_nothing(experiment):
    nothing = RunVersions(env="base", command="", commit=None, patch=b"", entries={})
    assert read(experiment, tags={"mlflow.source.git.commit": "none"}) == nothing
    assert read(experiment) == nothing
