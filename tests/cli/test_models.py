"""``kedro models`` on a real SQLite registry."""

import json

from registered import MODEL


def test_versions_are_listed_for_people_and_for_programs(kedro, register):
    none = kedro("models")
    assert (none.exit_code, none.stdout) == (7, "")
    assert f"Error: model {MODEL!r} has no versions" in none.stderr
    register()
    assert kedro("promote", register()).exit_code == 0
    lines = kedro("models").stdout.splitlines()
    assert lines[0] == f"Model {MODEL}; `kedro models --json` shows all of it"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["no.", "aliases"],
        ["2", "staging"],
        ["1", "d1"],
    ]
    assert [one["aliases"] for one in json.loads(kedro("models", "--json").stdout)] == [
        ["staging"],
        [],
    ]
