"""``kedro rollback`` on a real SQLite registry."""

from registered import MODEL


def test_the_version_before_gets_the_alias_again(kedro, register, client):
    first, second = register(), register()
    for version in (first, second):
        assert kedro("promote", version).exit_code == 0
    assert kedro("rollback").exit_code == 2
    assert kedro("rollback", "--reason", "\n").exit_code == 2
    done = kedro("rollback", "--reason", "worse on\ndark skin")
    assert done.exit_code == 0, done.output
    said = f"Version {first} has the alias staging again; version {second} had it before"
    assert done.stdout.strip() == said
    assert int(client.get_model_version_by_alias(MODEL, "staging").version) == first
    again = kedro("rollback", "--reason", "again")
    assert again.exit_code == 7
    assert f"Error: no version of {MODEL} can get the alias staging back" in again.stderr
    assert f"none had it before version {first}" in again.stderr
