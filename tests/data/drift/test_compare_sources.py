"""A planted shift is found in what was shifted, and in nothing else."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conf_params import params_of
from dermaflow.data.drift.compare_sources import compare_sources
from dermaflow.data.images.decoding import grey_statistics
from dermaflow.data.validation.suites import run_suite

VALIDATE = params_of("validate", {"drift.sample": 200, "drift.permutations": 999})
PARAMS, EXPECTATIONS = VALIDATE.drift, VALIDATE.expectations["drift"]


def change_lab(lightness=0.0, yellowness=0.0):
    def change(pixels):
        lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        lab += (lightness, 0, yellowness)
        return (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).clip(0, 1) * 255).round().astype(np.uint8)

    return change


def blur(pixels):
    return cv2.GaussianBlur(pixels, (0, 0), 0.6)  # more would lower the contrast as well


PICTURES = {
    "as they were": (lambda pixels: pixels, set()),
    "darker": (change_lab(lightness=-8), {"brightness", "embedding"}),
    "bluer": (change_lab(yellowness=-6), {"yellowness", "embedding"}),
    "blurred": (blur, {"sharpness", "embedding"}),
}

RECORDS = {
    "older": (lambda rows: {"age": rows["age"] + 12}, {"age"}),
    "of other classes": (lambda rows: {"label": rows["label"].where(rows.index % 3 > 0, "mel")},
                         {"label"}),
    "from elsewhere": (lambda rows: {"localization": "face"}, {"localization"}),
    "of men": (lambda rows: {"sex": "male"}, {"sex"}),
    "of unknown age": (lambda rows: {"age": rows["age"].where(rows.index % 3 == 0)}, {"age"}),
}  # fmt: skip


def find_broken(rows, store):
    """Features of the external batch that break an expectation."""
    _, _, features = compare_sources(rows, rows["lesion_id"], store, PARAMS, 3)
    result = run_suite("drift", EXPECTATIONS, features, {})
    return set(features.loc[sorted(result.broken_rows), "feature"])


def change_rows(rows, changes):
    """The external rows with other values."""
    external = rows["role"] == "external"
    changed = rows.copy()
    for column, values in changes(rows[external]).items():
        changed.loc[external, column] = values
    return changed


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_that_differ_are_told_by_how(name, phantoms, make_store):
    rows, pixels = phantoms
    change, expected = PICTURES[name]
    external = set(rows.loc[rows["role"] == "external", "image_id"])
    changed = {i: change(picture) if i in external else picture for i, picture in pixels.items()}
    greys = pd.DataFrame([grey_statistics(Image.fromarray(changed[i])) for i in rows["image_id"]])
    rows = rows.assign(brightness=greys["brightness"], contrast=greys["contrast"])
    assert find_broken(rows, make_store(changed)) == expected


@pytest.mark.parametrize("name", RECORDS)
def test_records_that_differ_are_told_by_what(name, phantoms, make_store):
    rows, pixels = phantoms
    change, expected = RECORDS[name]
    assert find_broken(change_rows(rows, change), make_store(pixels)) == expected


def test_many_pictures_of_one_lesion_are_no_drift(phantoms, make_store):
    """Forty pictures of each of some lesions would tip the balance if each of them counted."""
    rows, pixels = phantoms
    external = rows[rows["role"] == "external"]
    copied = external.drop_duplicates("lesion_id").query("label == 'mel'")
    copies = pd.concat([copied.assign(image_id=copied["image_id"] + f"-{n}") for n in range(40)])
    both = pd.concat([rows, copies], ignore_index=True)
    originals = copies["image_id"].str.rsplit("-", n=1).str[0]
    copied_pixels = dict(zip(copies["image_id"], map(pixels.get, originals), strict=True))
    assert find_broken(both, make_store(pixels | copied_pixels)) == set()


def test_an_unusual_picture_is_pointed_at(phantoms, make_store):
    rows, pixels = phantoms
    external = rows[rows["role"] == "external"]
    odd = external.loc[~external["lesion_id"].duplicated(keep=False), "image_id"].iloc[3]
    changed = pixels | {odd: np.full((48, 64, 3), (20, 200, 40), np.uint8)}
    _, [comparison], _ = compare_sources(rows, rows["lesion_id"], make_store(changed), PARAMS, 3)
    assert comparison.unusual[0] == odd
    assert set(comparison.unusual) <= set(external["image_id"])
    assert not set(comparison.typical) & set(external["image_id"])


def test_sources_are_compared_with_an_earlier_profile(phantoms, make_store, tmp_path):
    rows, pixels = phantoms
    store = make_store(pixels)
    profile, _, _ = compare_sources(rows, rows["lesion_id"], store, PARAMS, 3)
    path = tmp_path / "reference_profile.json"
    path.write_text(json.dumps(profile.model_dump(mode="json")))
    named = PARAMS.model_copy(update={"reference": str(path)})
    _, comparisons, features = compare_sources(rows, rows["lesion_id"], store, named, 3)
    assert [(c.name, c.reference_name) for c in comparisons] == [
        ("training sources", "earlier profile"),
        ("clinic", "training sources"),
    ]
    assert (
        features.loc[features["batch"] == "training sources", "value"] == 0
    ).all()  # they are the same pictures
    assert comparisons[0].typical == []


def test_a_run_of_one_source_has_a_profile_and_nothing_to_compare(phantoms, make_store):
    rows, pixels = phantoms
    rows = rows.assign(role="train")
    profile, comparisons, features = compare_sources(
        rows, rows["lesion_id"], make_store(pixels), PARAMS, 3
    )
    assert (profile.images, profile.groups) == (len(rows), rows["lesion_id"].nunique())
    assert comparisons == []
    assert features.empty
