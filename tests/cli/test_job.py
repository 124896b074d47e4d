"""``kedro job``: an engine's first and last command."""

import pytest

from dermaflow.schema import JOB_ID


@pytest.fixture
def job(kedro, project, store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv(JOB_ID, "j1")
    return lambda *arguments: kedro("job", *arguments, folder=project)


def test_a_run_is_opened_and_ended_as_kubeflow_says(job, client):
    opened = job("open", "--env", "smoke", "--params", "seed=3")
    assert opened.exit_code == 0, opened.output
    run_id = opened.output.split()[-1]
    client.set_tag(run_id, "stages", "ingest")
    closed = job("close", "--env", "smoke", "--status", '{"state": "SUCCEEDED", "error": {}}')
    assert closed.output.strip().endswith(f"run {run_id}: FINISHED")
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["command"] == "kedro run --env smoke --params seed=3"


def test_any_other_status_is_a_failure(job, client, monkeypatch):
    for number, status in enumerate(("FAILED", "failed", '{"state": "CANCELLED"}')):
        monkeypatch.setenv(JOB_ID, f"j2.{number}")
        run_id = job("open", "--env", "smoke").output.split()[-1]
        closed = job("close", "--env", "smoke", "--status", status, "--exit-code", str(number))
        assert closed.exit_code == number
        assert client.get_run(run_id).info.status == "FAILED"


def test_what_is_no_status_or_no_job_is_a_wrong_option(job, monkeypatch):
    assert job("close", "--status", '{"state"').exit_code == 2
    monkeypatch.delenv(JOB_ID)
    assert JOB_ID in job("open").output
    assert job("open").exit_code == 2
