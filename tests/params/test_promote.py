"""What a version of the model must reach, as conf may ask for it."""

import pytest
from pydantic import ValidationError

from conf_params import params_of


@pytest.mark.parametrize("alias", ["staging", "latest_good", "v1a", "vv1", "a-b"])
def test_an_alias_may_be_any_that_mlflow_takes(alias):
    assert params_of("promote", {"alias": alias}).alias == alias


@pytest.mark.parametrize("alias", ["latest", "v1", "v12", "Staging", "1st", "a b", ""])
def test_an_alias_that_mlflow_keeps_for_itself_is_refused(alias):
    with pytest.raises(ValidationError, match="should match pattern"):
        params_of("promote", {"alias": alias})


def test_floors_of_operating_points_are_shares_of_known_measures():
    floors = {"mel_90": {"recall": 0.9, "specificity": 0, "precision": 1}}
    promote = params_of("promote", {"floors.operating_points": floors})
    assert promote.floors.operating_points == floors
    for wrong in ({"sensitivity": 0.9}, {"recall": 90}):
        with pytest.raises(ValidationError, match=r"operating_points\.mel_90"):
            params_of("promote", {"floors.operating_points": {"mel_90": wrong}})
