"""``kedro prune`` where there is nothing to prune."""


def test_without_a_store_or_a_run_it_says_so(kedro, copy_project, tmp_path, client):
    copy_project(tmp_path, "base", "smoke")
    none = kedro("prune", "--env", "smoke", uri=f"sqlite:///{tmp_path}/none.db", folder=tmp_path)
    assert none.exit_code == 13
    assert "there is no tracking store" in none.stderr
    client.create_experiment("dermaflow-smoke")
    done = kedro("prune", "--env", "smoke", "--yes", folder=tmp_path)
    assert done.output.splitlines()[-1] == "runs of smoke: 0 stay, 0 go (0 bytes)"
    assert done.exit_code == 0


def test_a_wrong_policy_is_named_with_its_file(kedro, copy_project, tmp_path):
    copy_project(tmp_path, "base", "smoke")
    (tmp_path / "conf/smoke/retention.yml").write_text("runs: {finished: {newest: -1}}\n")
    done = kedro("prune", "--env", "smoke", folder=tmp_path)
    assert done.exit_code == 3
    assert "runs.finished.newest: Input should be greater than or equal to 0" in done.stderr
    assert "(retention.yml in conf/)" in done.stderr
