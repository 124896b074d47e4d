"""A gate may ask for what a version can have; what is mistyped is an error."""

import copy

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from conf_params import GATE, params_of
from dermaflow.errors import ParameterError
from dermaflow.params.check import check_parameters
from dermaflow.params.gate_metrics import MetricNames, unknown_metrics
from dermaflow.settings import CONFIG_LOADER_ARGS

NAMES = MetricNames(("mel", "nv"), ("mel_recall_90",), ("milk10k",))


def problems(changes):
    return list(unknown_metrics(params_of("promote", changes), NAMES))


@pytest.mark.parametrize(
    "metric",
    [
        "test/accuracy",
        "val/log_loss",
        "test/mel/auc",
        "test/mel_recall_90/specificity",
        "external/milk10k/macro_auc",
        "external/milk10k/nv/f1",
    ],
)
def test_metrics_of_every_part_class_and_point_may_be_asked_for(metric):
    assert problems({"gates.mine": GATE | {"metric": metric}}) == []


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("test/balanced_acuracy", "test/balanced_accuracy"),
        ("test/mel/recal", "test/mel/recall"),
        ("test/mel_recall_09/recall", "test/mel_recall_90/recall"),
        ("external/milk10/macro_auc", "external/milk10k/macro_auc"),
        ("balanced_accuracy", "test/balanced_accuracy"),
    ],
)
def test_a_mistyped_metric_is_an_error_that_names_its_key(metric, meant):
    assert problems({"gates.mine": GATE | {"metric": metric}}) == [
        f"promote.gates.mine.metric: there is no '{metric}'; did you mean '{meant}'?"
    ]


def test_a_metric_that_is_nothing_like_any_other_is_an_error_too():
    assert problems({"gates.mine": GATE | {"metric": "psoriasis"}}) == [
        "promote.gates.mine.metric: there is no 'psoriasis'"
    ]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"external.mine": GATE}, "external.mine.metric: there is no 'test/mel/recall'"),
        ({"calibration.part": "tst"}, "calibration.part: there is no 'tst'"),
        ({"against.holder": {"mel/aux": 0.1}}, "against.holder: there is no 'mel/aux'"),
        ({"against.first_champion": {"ece": 0.1}}, "against.first_champion: there is no 'ece'"),
        ({"against.reported": ["log_loss"]}, "against.reported: there is no 'log_loss'"),
    ],
)
def test_every_place_that_names_a_metric_is_looked_at(changes, key):
    [problem] = problems(
        {"calibration": params_of("promote", env="base").calibration.model_dump()} | changes
    )
    assert problem.startswith(f"promote.{key}")


def test_what_is_null_is_not_looked_at():
    assert problems({"gates.mine": None, "against.holder": {"psoriasis/auc": None}}) == []


def test_the_error_names_the_file_of_the_environment_that_says_it(tmp_path, project_path):
    folder = tmp_path / "conf/clinic"
    folder.mkdir(parents=True)
    wrong = {"promote": {"gates": {"macro_auc": {"metric": "test/macro_auk"}}}}
    (folder / "parameters_promote.yml").write_text(yaml.safe_dump(wrong))
    loader = OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)
    values = copy.deepcopy(loader["parameters"])
    values["promote"]["gates"]["macro_auc"]["metric"] = "test/macro_auk"
    with pytest.raises(ParameterError) as caught:
        check_parameters(values, [folder, project_path / "conf/base"])
    assert str(caught.value) == (
        "promote.gates.macro_auc.metric: there is no 'test/macro_auk'; did you mean "
        "'test/macro_auc'? (conf/clinic/parameters_promote.yml)"
    )
