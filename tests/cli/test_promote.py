"""``kedro promote`` on a real SQLite registry."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from mlflow.exceptions import MlflowException

from dermaflow.registry.decisions_log import read_decisions
from registered import FIGURES, MODEL, POOR

SMOKE = "dermaflow-smoke"


@pytest.fixture(scope="module")
def gates(project_path):
    text = (project_path / "conf/base/parameters_promote.yml").read_text()
    return yaml.safe_load(text)["promote"]["gates"]


@pytest.fixture
def holder(client):
    """The version that has the alias, or None."""

    def find():
        try:
            return int(client.get_model_version_by_alias(MODEL, "staging").version)
        except MlflowException:
            return None

    return find


@pytest.fixture
def decisions(client):
    """Decisions on a version, the oldest first."""

    def find(version):
        return [
            one for one in read_decisions(client, MODEL) if one.decision.version == str(version)
        ]

    return find


def test_a_good_version_gets_the_alias_and_the_record_says_why(
    kedro, client, register, holder, gates, decisions
):
    before, version = holder(), register()
    done = kedro("promote", version)
    assert done.exit_code == 0, done.output
    assert holder() == version
    held = "no version" if before is None else f"version {before}"
    assert f"Version {version} has the alias staging; {held} had it before" in done.output
    (recorded,) = decisions(version)
    assert f"Recorded as run {recorded.run_id}" in done.output
    decision = recorded.decision
    assert (decision.kind, decision.alias, recorded.done) == ("promoted", "staging", True)
    found = {check.name: (check.passed, check.found) for check in decision.checks}
    assert found["balanced_accuracy"] == (
        True,
        f"0.960 >= {gates['balanced_accuracy']['bound']:.3f}",
    )
    assert found["data_version"] == (True, "d1")
    assert client.get_model_version(MODEL, version).tags["decision"].startswith("promoted to stag")

    after = register()
    done = kedro("promote", after)
    assert f"version {version} had it before" in done.output
    assert holder() == after


def test_a_refused_version_leaves_the_alias_and_the_record_of_its_promotion(
    kedro, client, register, holder, decisions
):
    good = register()
    assert kedro("promote", good).exit_code == 0
    poor = register({"balanced_accuracy": 0.2, "macro_auc": 0.98}, broken=("too few images",))
    done = kedro("promote", poor)
    assert done.exit_code == 8
    assert holder() == good
    for text in (
        "balanced_accuracy (0.190 <",
        "melanoma_recall (test/mel/recall is missing,",
        "validation_passed (1 expectations broken)",
        f"version {good} has it",
    ):
        assert text in done.stderr
    assert "macro_auc" not in done.stderr
    (recorded,) = decisions(poor)
    assert (recorded.decision.kind, recorded.done) == ("refused", True)
    found = {check.name: check.found for check in recorded.decision.checks if not check.passed}
    assert found.keys() == {"balanced_accuracy", "melanoma_recall", "validation_passed"}

    source = client.get_model_version(MODEL, str(good)).source
    config = Path(urlsplit(source).path, "artifacts/weights/config.json")
    whole = config.read_text()
    config.write_text("of another network")
    done = kedro("promote", good)
    assert done.exit_code == 15
    assert "config.json" in done.stderr
    assert [one.decision.kind for one in decisions(good)] == ["promoted", "refused"]
    assert holder() == good
    # Nothing can be held against a damaged holder; it is demoted first.
    done = kedro("promote", register())
    assert "holder_comparable" in done.stderr
    config.write_text(whole)
    assert kedro("demote", good, "--reason", "damaged").exit_code == 0


def test_champion_needs_staging_and_somebody_who_approves(kedro, client, register, decisions):
    first, second = register(), register()
    assert kedro("promote", first).exit_code == 0
    done = kedro("promote", first, "--to", "champion")
    assert done.exit_code == 8
    assert "the alias champion needs somebody who approves of it" in done.stderr
    assert kedro("promote", first, "--to", "champion", "--approver", " ").exit_code == 2
    done = kedro("promote", second, "--to", "champion", "--approver", "Dr. Ada")
    assert done.exit_code == 8
    assert f"has_staging (version {first} has it)" in done.stderr
    done = kedro("promote", first, "--to", "champion", "--approver", "Dr. Ada")
    assert done.exit_code == 0, done.output
    assert int(client.get_model_version_by_alias(MODEL, "champion").version) == first
    assert decisions(first)[-1].decision.approver == "Dr. Ada"
    assert kedro("promote", first, "--to", "challenger").exit_code == 8


def test_a_digest_that_is_pinned_must_be_the_versions(kedro, client, register, holder, decisions):
    before, version = holder(), register()
    digest = client.get_model_version(MODEL, str(version)).tags["digest"]
    done = kedro("promote", version, "--digest", "b" * 64)
    assert done.exit_code == 15
    assert f"its files have the digest {digest}, not {'b' * 64}, which was asked" in done.stderr
    assert holder() == before
    assert decisions(version)[0].decision.kind == "refused"
    done = kedro("promote", version, "--digest", digest)
    assert done.exit_code == 0, done.output
    assert f"Digest {digest}" in done.output


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"groups_across_splits": 2}, {"no_group_crosses_splits"}),
        ({"broken": ("few images",)}, {"validation_passed"}),
        ({"data_version": "unknown"}, {"data_version"}),
        ({"env": "smoke"}, {"same_environment"}),
        ({"resamples": 10}, {"intervals"}),
    ],
)
def test_what_is_unknown_or_of_other_data_is_refused(kedro, register, changes, failed):
    done = kedro("promote", register(**changes))
    assert done.exit_code == 8
    rows = [line.split() for line in done.stdout.splitlines()]
    assert {row[1] for row in rows if row[0] == "failed"} == failed


def test_a_version_that_is_worse_than_the_holder_is_refused(kedro, register, holder):
    good, worse = register(), register(predictions=POOR)
    assert kedro("promote", good).exit_code == 0
    done = kedro("promote", worse)
    assert done.exit_code == 8
    assert "holder_macro_auc (-0." in done.stderr
    assert "reported only" in done.stdout
    assert holder() == good


def test_a_dry_run_writes_nothing(kedro, client, register, holder, decisions):
    before, good, poor = holder(), register(), register({})
    done = kedro("promote", good, "--dry-run")
    assert done.exit_code == 0
    assert f"Version {good} would get the alias staging" in done.output
    assert kedro("promote", poor, "--dry-run").exit_code == 8
    assert holder() == before
    assert decisions(good) == decisions(poor) == []
    assert "decision" not in client.get_model_version(MODEL, str(good)).tags


def test_an_environment_that_does_not_promote_judges_and_refuses(kedro, client, register, holder):
    before, version = holder(), register(dict.fromkeys(FIGURES, 0.02), env="smoke", model=SMOKE)
    dry = kedro("promote", version, "--env", "smoke", "--dry-run")
    assert "passed  balanced_accuracy" in dry.output
    done = kedro("promote", version, "--env", "smoke")
    assert (dry.exit_code, done.exit_code) == (8, 8)
    for ended in (dry, done):
        assert "Error: the environment smoke gives no aliases: `promotes: true` in" in ended.stderr
    assert (holder(), read_decisions(client, SMOKE)) == (before, [])


def test_environments_have_floors_of_their_own(kedro, register):
    poor = dict.fromkeys(FIGURES, 0.02)
    assert kedro("promote", register(poor)).exit_code == 8
    done = kedro("promote", register(poor, env="smoke", model=SMOKE), "--env", "smoke", "--dry-run")
    assert "failed" not in done.output


def test_an_unknown_version_or_store_has_its_own_code(kedro, register, tmp_path):
    known = register()
    done = kedro("promote", 999)
    assert done.exit_code == 7
    assert f"{MODEL!r} has no version 999; its versions: 1" in done.stderr
    assert str(known) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    done = kedro("promote", 1, uri=f"sqlite:///{tmp_path}/no.db")
    assert done.exit_code == 7


def test_the_environment_may_be_named_by_kedros_variable(kedro, register, monkeypatch):
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    done = kedro("promote", register(env="base", model=SMOKE), "--dry-run")
    assert done.exit_code == 8
    assert "base != smoke" in done.output


@pytest.mark.slow
def test_commands_at_once_leave_one_holder_and_as_many_records(
    project, store, client, register, holder, decisions
):
    versions = [register() for _ in range(3)]
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "kedro", "promote", str(version)],
            cwd=project,
            env=os.environ | {"MLFLOW_TRACKING_URI": store},
            stdout=subprocess.PIPE,
            text=True,
        )
        for version in versions
    ]
    said = [command.communicate()[0] for command in commands]
    assert [command.returncode for command in commands] == [0] * len(versions)
    made = [one for version in versions for one in decisions(version)]
    made.sort(key=lambda one: one.time)
    order = [int(one.decision.version) for one in made]
    assert sorted(order) == versions
    assert [int(one.decision.holder_before or 0) for one in made][1:] == order[:-1]
    assert holder() == order[-1]
    for version, text in zip(versions, said, strict=True):
        assert f"Version {version} has the alias staging" in text
