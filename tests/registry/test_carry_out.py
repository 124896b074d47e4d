"""What happens after a decision: the version's tag, and the command of conf."""

import json
import sys
from dataclasses import replace

import pytest

from dermaflow.registry.alias_decisions import Decision
from dermaflow.registry.carry_out import carry_out, tell_hook
from dermaflow.registry.gates import Check
from registered import registry_of

TELL = (
    "import json, os, sys\n"
    "told = {'said': json.load(sys.stdin), 'arguments': sys.argv[1:], 'variables': {\n"
    "    name: value for name, value in os.environ.items() if name.startswith('DERMAFLOW_')}}\n"
    "open('told', 'a').write(json.dumps(told) + '\\n')\n"
)


@pytest.fixture
def decision(model):
    return Decision(
        kind="promoted",
        model=model,
        version="1",
        alias="staging",
        holder_before=None,
        environment="base",
        by="ada",
        checks=(Check("macro_auc", True, "0.9 >= 0.8"),),
    )


@pytest.fixture
def with_hook(model, tmp_path):
    """A registry, which no test here asks, with a command that is told of decisions."""

    def make(command, **config):
        return registry_of("sqlite:////nowhere", model, tmp_path, after_decision=command, **config)

    return make


def test_the_tag_is_of_the_last_decision_in_short(registry, register, decision):
    register()
    for one in (decision, replace(decision, kind="refused", alias="champion", holder_before="1")):
        carry_out(registry, one)
    version = registry.version("1")
    assert version.tags["decision"].startswith("refused for champion, 20")
    assert version.aliases == ["staging"]


def test_the_card_counts_how_often_the_test_set_has_decided(registry, register, decision):
    for _ in range(2):
        register()
    for version, test_set in (("1", "t1"), ("2", "t2"), ("1", "t1"), ("2", "t1")):
        carry_out(registry, replace(decision, kind="refused", version=version, test_set=test_set))
    cards = [registry.version(number).description for number in ("1", "2")]
    assert [card.rpartition(" ")[2] for card in cards] == ["2", "3"]


def test_the_command_gets_the_decision(with_hook, decision, tmp_path):
    (tmp_path / "tell.py").write_text(TELL)
    tell_hook(with_hook(f"{sys.executable} tell.py 'a b' $HOME"), decision, "r1")
    told = json.loads((tmp_path / "told").read_text())
    assert told["arguments"] == ["a b", "$HOME"]
    assert told["variables"] == {
        "DERMAFLOW_DECISION": "promoted",
        "DERMAFLOW_MODEL": decision.model,
        "DERMAFLOW_VERSION": "1",
        "DERMAFLOW_ALIAS": "staging",
        "DERMAFLOW_DECISION_RUN": "r1",
    }
    said = told["said"]
    assert said["checks"] == [{"name": "macro_auc", "passed": True, "found": "0.9 >= 0.8"}]
    assert (said["summary"], said["by"], said["holder_before"]) == (
        "promoted to staging",
        "ada",
        None,
    )


def test_a_command_of_ours_that_it_gives_does_not_call_it_again(
    with_hook, decision, tmp_path, monkeypatch
):
    monkeypatch.setenv("DERMAFLOW_DECISION_RUN", "r0")
    tell_hook(with_hook("touch told"), decision, "r1")
    assert not (tmp_path / "told").exists()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("false", "exit code 1"),
        ("no_such_program", "No such file or directory: 'no_such_program'"),
        ("sleep 600", "not done after 0.5 seconds, and killed"),
    ],
)
def test_its_failure_is_a_warning(with_hook, decision, command, problem, caplog):
    tell_hook(with_hook(command, after_decision_seconds=0.5), decision, "r1")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("The command of after_decision (registry.yml): ")
    assert problem in record.getMessage()
