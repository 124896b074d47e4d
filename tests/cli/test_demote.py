"""``kedro demote`` on a real SQLite registry."""

from registered import MODEL


def test_a_version_loses_its_aliases(kedro, register, client):
    version = register()
    assert kedro("promote", version).exit_code == 0
    assert kedro("promote", version, "--to", "champion", "--approver", "Dr. Ada").exit_code == 0
    assert kedro("demote", "--reason", "leaks").exit_code == 2
    done = kedro("demote", "--alias", "staging", "--reason", "leaks")
    assert done.stdout.strip() == f"Version {version} has lost the alias staging"
    done = kedro("demote", version, "--reason", "leaks")
    assert done.stdout.strip() == f"Version {version} has lost the alias champion"
    assert client.get_registered_model(MODEL).aliases == {}
    done = kedro("demote", version, "--reason", "leaks")
    assert done.exit_code == 7
    assert "Error: there is no alias to take away" in done.stderr
