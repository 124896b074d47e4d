"""The profile is kept as JSON, read with care, and names nobody."""

import json

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.appearance import EMBEDDING_LENGTH
from dermaflow.data.drift.profile import Profile, build_profile, read_profile
from dermaflow.errors import SourceError

SIZE = (48, 64)


@pytest.fixture
def profile():
    rows = pd.DataFrame(
        {
            "image_id": ["secret-1", "secret-2", "secret-3"],
            "label": ["nv", "mel", "nv"],
            "sex": ["male", None, "male"],
            "localization": ["back", "face", "back"],
            "age": [0.0, 71.0, np.nan],
            "brightness": [0.0, 255.0, 128.0],
            "contrast": [5.0, 300.0, 7.9],
            "sharpness": [0.0, 1.0, 9.0],
            "redness": [-90.0, 0.0, 90.0],
            "yellowness": [1.0, 1.5, 2.0],
        }
    )
    embeddings = np.arange(3 * EMBEDDING_LENGTH, dtype=np.float32).reshape(3, -1)
    return build_profile(rows, embeddings, 7, SIZE, 2, np.random.default_rng(0))


def write(path, text):
    path.write_text(text)
    return str(path)


def test_values_are_counted_and_missing_ones_too(profile):
    assert profile.categories["label"].counts == {"mel": 1, "nv": 2}
    assert profile.categories["sex"].missing == profile.numbers["age"].missing == 1
    assert np.flatnonzero(profile.numbers["age"].counts).tolist() == [0, 71]
    assert (profile.images, profile.groups, len(profile.embeddings.sample)) == (7, 3, 2)


def test_embeddings_are_standardised_by_all_and_not_by_the_sample(profile):
    standard = profile.embeddings.standardise([profile.embeddings.mean])
    assert not standard.any()
    first = np.arange(EMBEDDING_LENGTH)
    assert profile.embeddings.standardise(first) == pytest.approx(-np.sqrt(1.5), abs=1e-4)


def test_a_profile_is_read_as_it_was_written(profile, tmp_path):
    text = json.dumps(profile.model_dump(mode="json"), allow_nan=False)
    assert "secret" not in text
    assert read_profile(write(tmp_path / "p.json", text), SIZE) == profile


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p | {"format": 2}, "format"),
        (lambda p: p | {"numbers": {}}, "numbers are not those"),
        (lambda p: p | {"categories": {}}, "categories are not those"),
        (lambda p: p | {"embeddings": {"mean": [1], "std": [1], "sample": []}}, "embeddings are"),
        (lambda p: p | {"images": -1}, "images"),
        (lambda p: p | {"images": None}, "images"),
        (lambda p: p | {"stored_size": [60, 80]}, r"stored at 80 x 60 pixels.*64 x 48"),
        (lambda p: [p], "no profile"),
    ],
)
def test_a_file_that_is_no_such_profile_is_refused(change, message, profile, tmp_path):
    wrong = change(Profile.model_dump(profile, mode="json"))
    path = write(tmp_path / "p.json", json.dumps(wrong))
    with pytest.raises(SourceError, match=message) as caught:
        read_profile(path, SIZE)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SourceError, match=r"validate\.drift\.reference"):
        read_profile(str(tmp_path / "none.json"), SIZE)
