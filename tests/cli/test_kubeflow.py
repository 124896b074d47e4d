"""``kedro kubeflow``: what it writes and what it says."""

from dermaflow.deploy.kubeflow.call_sdk import PYTHON


def test_without_the_sdk_one_line_says_how_to_get_it(kedro, project, monkeypatch):
    monkeypatch.delenv(PYTHON, raising=False)
    done = kedro("kubeflow", "compile", folder=project)
    assert done.exit_code == 18
    assert "make kubeflow" in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_wrong_key_is_named_with_its_file(kedro, copy_project, tmp_path):
    copy_project(tmp_path, "smoke", "base")
    (tmp_path / "conf/smoke/kubeflow.yml").write_text("resources: {memory_gb: 3}\n")
    done = kedro("kubeflow", "compile", "--env", "smoke", folder=tmp_path)
    assert done.exit_code == 3
    assert "resources.memory_gb" in done.output
    assert "kubeflow.yml" in done.output
