"""Versions in a real registry: which is found, and what is known of it."""

import pytest
from mlflow.exceptions import MlflowException

from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.gates import Facts
from dermaflow.registry.versions import find_version, list_versions, open_registry, read_facts
from dermaflow.tracking.metric_names import name_metrics

SCORES = {"macro_auc": Estimate(0.9, 0.8, 0.95, 9), "mel/recall": Estimate(0.5, 0.25, 0.75, 5)}
REPORTS = {
    "validation/split_report.json": {"data_version": "d1", "groups_across_splits": 2},
    "validation/validation_report.json": {"broken": ["too few images", "leaks", "no label"]},
}
INTERVALS = {"evaluate.confidence": "0.9", "evaluate.bootstrap_samples": "500"}


@pytest.fixture
def register(client, model):
    """Register a version; gives it as it is found in the registry."""
    client.create_registered_model(model)

    def make(run_id=None, **tags):
        made = client.create_model_version(model, "s3://a-bucket/a-model", run_id, tags=tags)
        return client.get_model_version(model, made.version)

    return make


@pytest.fixture
def whole_run(experiment):
    """Make a run that says everything of its figures."""

    def make(scores=SCORES, **held):
        metrics = name_metrics({"val": {"macro_auc": Estimate(0.1)}, "test": scores})
        said = {"parameters": INTERVALS, "tags": {"env": "smoke"}, "artifacts": REPORTS}
        return experiment.make_run(metrics=metrics, **said | held)

    return make


def test_a_version_goes_by_its_number_and_an_unknown_one_is_answered_with_all(
    client, model, register
):
    for number in range(1, 11):
        register(made=f"as the {number}.")
    assert find_version(client, model, 2).tags == {"made": "as the 2."}
    assert [int(one.version) for one in list_versions(client, model)] == list(range(1, 11))
    known = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    said = rf"^model '{model}' has no version 11; its versions: {known} \(`kedro run --pipelines re"
    with pytest.raises(RegistryError, match=said):
        find_version(client, model, 11)


def test_an_unknown_model_has_no_versions(client, model):
    with pytest.raises(
        RegistryError, match=rf"model '{model}' has no version 1; its versions: none"
    ):
        find_version(client, model, 1)


def test_another_failure_of_the_registry_is_not_taken_for_an_unknown_version(client, register):
    with pytest.raises(MlflowException, match="name"):
        find_version(client, "", 1)
    version = register("no/run")  # whose store refuses such an id
    with pytest.raises(MlflowException, match="run_id"):
        read_facts(client, version)


def test_a_registry_that_is_not_there_is_not_made(tmp_path, config_of):
    with pytest.raises(RegistryError, match=rf"there is no tracking store {tmp_path}/no\.db"):
        open_registry(config_of(f"sqlite:///{tmp_path}/no.db"))
    assert not list(tmp_path.iterdir())


def test_facts_are_those_of_the_run_that_measured_the_version(
    client, experiment, register, whole_run
):
    trained = experiment.make_run(metrics={"test/macro_auc": 0.1}, tags={"env": "base"})
    measured = whole_run()
    version = register(trained, metrics_run_id=measured, data_version="d2")
    assert read_facts(client, version) == Facts(
        run_id=measured,
        scores=SCORES,
        groups_across_splits=2,
        broken=3,
        version_data="d2",
        run_data="d1",
        env="smoke",
        confidence=0.9,
        resamples=500,
    )


def test_a_version_that_names_no_other_run_is_judged_by_its_own(client, register, whole_run):
    run_id = whole_run()
    facts = read_facts(client, register(run_id))
    assert (facts.run_id, facts.scores, facts.version_data) == (run_id, SCORES, None)


@pytest.mark.parametrize(
    ("tags", "run_id"),
    [
        ({"metrics_run_id": "unknown"}, "unknown"),
        ({"metrics_run_id": "0" * 32}, "0" * 32),
        ({}, None),
    ],
)
def test_nothing_is_known_of_a_version_whose_measuring_run_is_not_there(
    client, register, whole_run, tags, run_id
):
    own = whole_run() if tags else None  # which did not measure it
    version = register(own, data_version="d1", **tags)
    assert read_facts(client, version) == Facts(run_id, {}, version_data="d1")


def test_nothing_is_known_of_a_version_whose_measuring_run_was_deleted(client, register, whole_run):
    run_id = whole_run()
    client.delete_run(run_id)
    assert read_facts(client, register(run_id)) == Facts(run_id, {})


def test_what_a_run_does_not_say_is_not_taken_for_good(client, experiment, register):
    run_id = experiment.make_run(metrics={"val/macro_auc": 0.9})
    assert read_facts(client, register(run_id)) == Facts(run_id, {})


@pytest.mark.parametrize(
    ("split", "validation"),
    [
        ({"groups_across_splits": "0"}, {"broken": 0}),
        ({"groups_across_splits": None}, {}),
        ({"groups_across_splits": 0.0}, {"broken": "none"}),
        (b"damaged", b"damaged"),
    ],
)
def test_a_report_that_says_something_else_says_nothing(
    client, register, whole_run, split, validation
):
    paths = dict(zip(REPORTS, (split, validation), strict=True))
    facts = read_facts(client, register(whole_run(artifacts=paths)))
    assert (facts.groups_across_splits, facts.broken, facts.run_data) == (None, None, None)
    assert facts.scores == SCORES


def test_an_empty_list_of_broken_expectations_is_none_broken(client, register, whole_run):
    reports = REPORTS | {"validation/validation_report.json": {"broken": []}}
    assert read_facts(client, register(whole_run(artifacts=reports))).broken == 0
