"""The environment that a command is given, and a reason for a record."""

import click
import pytest
from click.testing import CliRunner

from dermaflow.cli.options import env_option, known_environment, reason_option


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Give arguments to a command in a folder with two environments; gives click's result."""
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("smoke", "base"):
        (tmp_path / "conf" / name).mkdir(parents=True)
    (tmp_path / "conf/logging.yml").touch()

    @click.command()
    @env_option
    def command(env):
        click.echo(f"env: {env}")

    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_an_environment_is_a_folder_of_conf(ask):
    assert ask("--env", "smoke").output == ask("-e", "smoke").output == "env: smoke\n"
    assert ask().output == "env: None\n"


@pytest.mark.parametrize("name", ["smok", "logging.yml"])
def test_one_that_is_no_folder_is_refused_with_those_that_are(ask, name):
    done = ask("--env", name)
    assert done.exit_code == 2
    assert f"no folder conf/{name}; there are base, smoke" in done.output


def test_kedros_variable_counts_where_no_option_is_given_and_is_checked_alike(ask, monkeypatch):
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    assert ask().output == "env: smoke\n"
    assert ask("--env", "base").output == "env: base\n"
    monkeypatch.setenv("KEDRO_ENV", "smok")
    assert "no folder conf/smok; there are base, smoke" in ask().output


def test_another_folder_of_configuration_has_environments_of_its_own(ask, tmp_path):
    (tmp_path / "other/clinic").mkdir(parents=True)
    context = click.Context(click.Command("run"))
    context.params["conf_source"] = str(tmp_path / "other")
    option = click.Option(["--env"])
    assert known_environment(context, option, "clinic") == "clinic"
    with pytest.raises(click.BadParameter, match=r"no folder .*/other/smoke; there are clinic"):
        known_environment(context, option, "smoke")
    context.params["conf_source"] = str(tmp_path / "packed.tar.gz")  # Kedro looks into it
    assert known_environment(context, option, "clinic") == "clinic"


def test_a_reason_is_one_line_of_some_length_that_says_something():
    @click.command()
    @reason_option
    def command(reason):
        click.echo(reason, nl=False)

    def ask(*arguments):
        return CliRunner().invoke(command, arguments)

    assert ask("--reason", " worse\non  dark skin\x1b ").output == "worse on dark skin\\x1b"
    assert len(ask("--reason", "x" * 5000).output) == 1000
    assert "it is empty" in ask("--reason", " \n").output
    assert ask().exit_code == 2
