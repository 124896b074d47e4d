"""The commands that look at finished runs, as processes of their own on a real run."""

import pytest


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (
            ("promote", "1", "--env", "smoke", "--dry-run"),
            8,
            "Error: the environment smoke gives no al",
        ),
        (("models", "--env", "smoke"), 0, "challenger"),
        (("promote", "1", "--dry-run"), 7, "Error: model 'dermaflow-base' has no version 1; its"),
        (("promote", "99", "--env", "smoke"), 7, "Error: model 'dermaflow-smoke' has no version"),
        (("compare", "smoke: all", "nothing", "--env", "smoke"), 13, "Error: no run goes by"),
    ],
)
def test_commands_end_with_their_codes(finished, command, code, said):
    done = finished.run("kedro", *command, check=False)
    assert done.returncode == code, done.stdout
    assert said in done.stdout
    assert "Traceback" not in done.stdout
