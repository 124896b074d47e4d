"""``kedro promote`` on a real SQLite registry."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from mlflow.exceptions import MlflowException

from dermaflow.ml.evaluation.estimate import Estimate
from registered import MODEL, register_with
from registry.made_evidence import make_evidence, make_manifest, make_predictions

FIGURES = {"balanced_accuracy": 0.97, "macro_auc": 0.98, "mel/recall": 0.95}
DATA = make_manifest(60)
GOOD, POOR = (make_predictions(DATA, quality=quality) for quality in (5.0, 1.0))


@pytest.fixture(scope="module")
def gates(project_path):
    text = (project_path / "conf/base/parameters_promote.yml").read_text()
    return yaml.safe_load(text)["promote"]["gates"]


@pytest.fixture
def register(client, tmp_path):
    """Register a version with ``figures`` (lower ends 0.01 below); gives its number."""

    def make(figures=FIGURES, *, predictions=GOOD, tags=(), **changes):
        evidence = make_evidence(DATA, predictions, **{"resamples": 1000, "env": "base"} | changes)
        told = {name: Estimate(v, v - 0.01, v + 0.01, 36) for name, v in figures.items()}
        known = {n: e for n, e in evidence.parts["test"].items() if n not in FIGURES}
        folder = tmp_path / f"model {len(list(tmp_path.iterdir()))}"
        evidence = replace(evidence, parts={"test": known | told})
        return register_with(client, folder, evidence, tags=tags)

    return make


@pytest.fixture
def holder(client):
    """The version that has the alias, or None."""

    def find():
        try:
            return int(client.get_model_version_by_alias(MODEL, "staging").version)
        except MlflowException:
            return None

    return find


def tags_of(client, version):
    tags = client.get_model_version(MODEL, str(version)).tags
    return {k.removeprefix("promotion."): v for k, v in tags.items() if k.startswith("promotion.")}


def test_a_good_version_gets_the_alias_and_its_tags_say_why(kedro, client, register, holder, gates):
    before, version = holder(), register()
    started = datetime.now(UTC).replace(microsecond=0)
    done = kedro("promote", version)
    assert done.exit_code == 0, done.output
    assert holder() == version
    held = "no version" if before is None else f"version {before}"
    assert f"Version {version} has the alias staging; {held} had it before" in done.output
    tags = tags_of(client, version)
    assert tags["decision"] == "promoted to staging"
    assert tags["balanced_accuracy"] == f"0.960 >= {gates['balanced_accuracy']['bound']:.3f}"
    assert tags["data_version"] == "d1"
    assert started <= datetime.fromisoformat(tags["time"]) <= datetime.now(UTC)

    after = register()
    done = kedro("promote", after)
    assert f"version {version} had it before" in done.output
    assert holder() == after


def test_a_refused_version_leaves_the_alias_and_its_tags_name_every_failed_check(
    kedro, client, register, holder
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
    tags = tags_of(client, poor)
    assert tags["decision"] == "refused"
    assert "is missing" in tags["melanoma_recall"]
    assert tags["macro_auc"].startswith("0.970 >=")


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


def test_a_new_decision_replaces_the_old_ones_tags(kedro, client, register):
    version = register()
    client.set_model_version_tag(MODEL, str(version), "promotion.gone_floor", "0.9 >= 0.1")
    assert kedro("promote", version).exit_code == 0
    assert "gone_floor" not in tags_of(client, version)
    assert "digest" in client.get_model_version(MODEL, str(version)).tags


def test_a_dry_run_writes_nothing(kedro, client, register, holder):
    before, good, poor = holder(), register(), register({})
    done = kedro("promote", good, "--dry-run")
    assert done.exit_code == 0
    assert f"Version {good} would get the alias staging" in done.output
    assert kedro("promote", poor, "--dry-run").exit_code == 8
    assert holder() == before
    assert tags_of(client, good) == tags_of(client, poor) == {}


def test_environments_have_floors_of_their_own(kedro, register):
    poor = dict.fromkeys(FIGURES, 0.02)
    assert kedro("promote", register(poor)).exit_code == 8
    done = kedro("promote", register(poor, env="smoke", model=SMOKE), "--env", "smoke")
    assert done.exit_code == 0, done.output


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
