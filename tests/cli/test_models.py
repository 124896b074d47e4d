"""``kedro models`` on a real SQLite registry."""

import json


def test_versions_are_listed_for_people_and_for_programs(kedro, register):
    none = kedro("models")
    assert (none.exit_code, none.stdout) == (7, "")
    assert "Error: model 'dermaflow' has no versions" in none.stderr
    register()
    assert kedro("promote", register()).exit_code == 0
    lines = kedro("models").stdout.splitlines()
    assert lines[0] == "Model dermaflow; `kedro models --json` shows all of it"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["no.", "aliases"],
        ["2", "staging"],
        ["1", "base"],
    ]
    assert [one["aliases"] for one in json.loads(kedro("models", "--json").stdout)] == [
        ["staging"],
        [],
    ]
