"""``kedro train-node``: node 0 runs the pipeline, the others look for node 0."""


def test_a_node_without_node_0_ends_in_time_with_one_line(kedro, project, second):
    done = kedro(
        "train-node", "--env", "smoke", "--params", "train.timeout_seconds=0.5", folder=project
    )
    assert done.exit_code == 14
    assert f"Error: node 0 (localhost:{second}) began no run within 0.5 seconds" in done.output


def test_node_0_does_as_kedro_run(kedro, project, second, monkeypatch):
    monkeypatch.setenv("PET_NODE_RANK", "0")
    done = kedro("train-node", "--env", "smoke", "--pipelines", "trian", folder=project)
    assert done.exit_code == 2
    assert "no pipeline 'trian'" in done.output
