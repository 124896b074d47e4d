"""What a version of the model must reach, as conf may ask for it."""

import pytest
from pydantic import ValidationError

from conf_params import GATE, params_of


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"direction": "=>"}, "direction"),
        ({"judged_by": "lower_bound"}, "judged_by"),
        ({"below_least": "ignore"}, "below_least"),
        ({"least": -1}, "least"),
        ({"floor": 0.5}, "floor"),
    ],
)
def test_a_gate_knows_its_keys_and_words(change, said):
    assert params_of("promote", {"gates.mine": GATE}).gates["mine"].bound == 0.7
    with pytest.raises(ValidationError, match=rf"gates\.mine\.{said}"):
        params_of("promote", {"gates.mine": GATE | change})


@pytest.mark.parametrize("missing", GATE)
def test_a_gate_says_all_of_its_keys(missing):
    rest = {key: value for key, value in GATE.items() if key != missing}
    with pytest.raises(ValidationError, match=rf"gates\.mine\.{missing}\n  Field required"):
        params_of("promote", {"gates.mine": rest})


@pytest.mark.parametrize("name", ["calibration", "data_version", "holder_auc", "external_a_auc"])
def test_a_gate_may_not_have_the_name_of_another_check(name):
    with pytest.raises(ValidationError, match=rf"gates\.{name}: another check has that name"):
        params_of("promote", {f"gates.{name}": GATE})


def test_an_environment_changes_single_keys_of_a_gate_and_keeps_the_rest():
    base, smoke = (params_of("promote", env=env).gates["macro_auc"] for env in ("base", "smoke"))
    assert (base.bound, smoke.bound) == (0.95, 0)
    assert smoke.metric == base.metric == "test/macro_auc"


def test_a_margin_is_above_zero():
    with pytest.raises(ValidationError, match=r"against\.holder\.macro_auc"):
        params_of("promote", {"against.holder": {"macro_auc": 0}})
