"""What a scheduler gives a command: limits, a date, and a command for the day that it fails."""

import os

import pytest

from dermaflow.cli.run import run
from dermaflow.tracking.run_tags import command_line, origin_tags

OPTIONS = ("--time-limit", "--grace-period", "--on-failure", "--logical-date")


@pytest.mark.parametrize("command", ["run", "repro"])
@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--time-limit", "8 hours", "'8 hours' is no duration above zero"),
        ("--grace-period", "0", "'0' is no duration above zero"),
        ("--logical-date", "30.11.2026", "Invalid isoformat string: '30.11.2026'"),
        ("--logical-date", "2026-11-30T02:00", "names no offset from UTC"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_done(kedro, command, option, value, problem):
    done = kedro(command, option, value)
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output
    assert problem in " ".join(done.output.split())


def test_a_variable_is_as_good_as_an_option(kedro, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_LOGICAL_DATE", "yesterday")
    assert "yesterday" in kedro("run", "--env", "smoke").output


def test_an_option_that_is_wrong_is_a_failure_too(kedro, monkeypatch, tmp_path):
    hook = f'echo "$DERMAFLOW_EXIT_CODE $DERMAFLOW_FAILED_MESSAGE" > {tmp_path}/told'
    monkeypatch.setenv("DERMAFLOW_ON_FAILURE", hook)
    assert kedro("run", "--env", "smok").exit_code == 2
    assert (tmp_path / "told").read_text().startswith("2 Invalid value")
    assert "no folder conf/smok" in (tmp_path / "told").read_text()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-30T02:00:00Z", "2026-11-30T02:00:00+00:00"),
        ("2026-11-30T02:00:00.5+01:00", "2026-11-30T02:00:00.500000+01:00"),
    ],
)
def test_the_date_goes_to_the_runs_tags_and_nowhere_else(given, kept, monkeypatch, tmp_path):
    monkeypatch.setenv("DERMAFLOW_LOGICAL_DATE", "")
    seen = {}
    monkeypatch.setattr(run, "callback", lambda **options: seen.update(options))
    without = origin_tags(tmp_path, "smoke")
    with run.make_context("run", ["--logical-date", given]) as context:
        run.invoke(context)
    assert origin_tags(tmp_path, "smoke") == without | {"logical_date": kept}
    assert kept not in str(seen)
    assert given not in str(seen)


def test_a_runs_command_does_not_tell_where_failures_are_sent(monkeypatch):
    for hook in (["--on-failure", "curl https://chat/secret"], ["--on-failure=curl chat/secret"]):
        monkeypatch.setattr("sys.argv", ["kedro", "run", "--env", "smoke", *hook, "--force"])
        assert command_line() == "kedro run --env smoke --force"
    assert "DERMAFLOW_TIME_LIMIT" not in os.environ
