"""``kedro repro``: what goes to ``dvc repro``, and for which environment."""

import pytest

from dermaflow.cli.repro import repro


@pytest.mark.parametrize(
    ("arguments", "env", "for_dvc"),
    [
        ((), None, ()),
        (("--dry", "--env", "smoke", "--force"), "smoke", ("--dry", "--force")),
        (("-e", "smoke", "-f", "train", "-s"), "smoke", ("-f", "train", "-s")),
        (("conf/smoke/dvc.yaml:train", "-j", "2"), None, ("conf/smoke/dvc.yaml:train", "-j", "2")),
        (("--glob", "train*"), None, ("--glob", "train*")),
    ],
)
def test_all_but_the_environment_goes_to_dvc_in_its_order(
    project, monkeypatch, arguments, env, for_dvc
):
    monkeypatch.chdir(project)
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    with repro.make_context("repro", list(arguments)) as context:
        assert context.params == {"env": env, "if_running": "fail", "dvc_arguments": for_dvc}


@pytest.mark.parametrize(
    ("arguments", "file"),
    [((), "dvc.yaml"), (("--env", "smoke"), "conf/smoke/dvc.yaml")],
)
def test_an_environment_that_dvc_does_not_know_is_told_how_it_will(
    kedro, copy_project, tmp_path, arguments, file
):
    copy_project(tmp_path, "base", "smoke")
    (tmp_path / "conf/smoke/dvc.yaml").unlink()
    done = kedro("repro", *arguments, folder=tmp_path)
    assert done.exit_code == 10
    assert done.stderr.splitlines()[-1] == f"Error: there is no {file}: `kedro dvc-yaml`"
