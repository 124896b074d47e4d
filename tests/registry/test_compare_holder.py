"""A version against another one: on the same lesions, and on none that either was trained on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermaflow.errors import RegistryError
from dermaflow.registry import compare_holder
from dermaflow.registry.compare_holder import Comparison, compare_versions
from dermaflow.registry.evidence import hide_name
from registry.made_evidence import (
    CLASSES,
    EVALUATE,
    make_evidence,
    make_manifest,
    make_predictions,
)

ASKED = Comparison("holder", {"macro_auc": 0.02, "mel/auc": 0.04}, ("balanced_accuracy",), 10)
DATA = make_manifest(100)
COLUMNS = [f"p_{code}" for code in CLASSES]


def model(seed=0, quality=2.0, data=DATA, **changes):
    return make_evidence(data, make_predictions(data, quality, seed), **changes)


def compare(candidate, other, rescore=None, **changes):
    return compare_versions(candidate, other, replace(ASKED, **changes), EVALUATE, rescore)


def passed(checks):
    return {check.name: check.passed for check in checks}


HOLDER = model()


def test_an_equal_model_is_not_inferior_and_what_is_reported_decides_nothing():
    checks = compare(model(seed=1), HOLDER)
    assert passed(checks) == {
        "holder_macro_auc": True,
        "holder_mel_auc": True,
        "holder_balanced_accuracy": True,
    }
    assert "360 images of 180 lesions" in checks[0].found
    assert checks[2].found.endswith("reported only")


def test_a_much_worse_model_is_inferior():
    checks = compare(model(seed=1, quality=1.0), HOLDER)
    assert passed(checks) == {
        "holder_macro_auc": False,
        "holder_mel_auc": False,
        "holder_balanced_accuracy": True,
    }
    assert "<= -0.0200" in checks[0].found


def test_the_same_probabilities_are_no_worse_though_their_interval_has_no_width():
    first = compare(HOLDER, HOLDER)[0]
    assert first.passed
    assert "+0.0000" in first.found


def test_without_resamples_nothing_is_known():
    none = EVALUATE.model_copy(update={"bootstrap_samples": 0})
    check = compare_versions(HOLDER, HOLDER, ASKED, none, None)[0]
    assert (check.passed, check.found) == (
        False,
        "no interval of the difference, above -0.0200 asked",
    )


def test_the_same_comparison_gives_the_same_figures():
    assert compare(model(seed=1), HOLDER) == compare(model(seed=1), HOLDER)


def test_another_order_of_classes_makes_no_difference():
    turned = replace(
        HOLDER,
        classes=CLASSES[::-1],
        images=HOLDER.images[[*HOLDER.images.columns[:6], *COLUMNS[::-1]]],
    )
    assert compare(model(seed=1), turned) == compare(model(seed=1), HOLDER)


def test_other_classes_cannot_be_compared():
    other = replace(HOLDER, classes=("bcc", "mel", "xyz"))
    [check] = compare(HOLDER, other)
    assert (check.name, check.passed) == ("holder_comparable", False)
    assert check.found == "its classes are bcc, mel, xyz, those of the candidate bcc, mel, nv"


def as_new_data(of_old):
    """The old data with another split, and as many new lesions; ``of_old`` was the split before."""
    new = make_manifest(100, prefix="new")
    moved = DATA.assign(split=DATA["split"].map(of_old))
    return pd.concat([moved, new], ignore_index=True)


def rescorer(quality=2.0, seed=0):
    """Scores by a model, and remembers on what."""
    data = pd.concat([DATA, make_manifest(100, prefix="new")], ignore_index=True)
    table = make_predictions(data, quality, seed).set_index(data["sha256"].map(hide_name))
    asked = []

    def rescore(who, content):
        asked.extend(content)
        assert who == "holder"
        return table.loc[list(content), COLUMNS]

    return rescore, asked


def test_a_lesion_that_the_holder_was_trained_on_is_left_out_under_whatever_name():
    # What was tested is trained on now, and the other way round.
    swapped = as_new_data({"train": "test", "val": "test", "test": "train"})
    renamed = swapped.assign(
        group_id="other " + swapped["group_id"], image_id="other " + swapped["image_id"]
    )
    for data in (swapped, renamed):
        rescore, asked = rescorer()
        checks = compare(model(seed=1, data=data), HOLDER, rescore)
        new = data[data["sha256"].str.startswith("new") & data["split"].eq("test")]
        assert sorted(asked) == sorted(new["sha256"].map(hide_name))
        assert "360 images of 180 lesions" in checks[0].found


def test_one_image_that_was_trained_on_takes_its_whole_lesion_along():
    # New pictures of lesions of old ones, under new names, joined to them by one old picture.
    data = as_new_data({"train": "train", "val": "val", "test": "test"})
    trained = DATA.loc[DATA["split"] == "train", "sha256"].unique()[0]
    first = data.index[data["group_id"].eq("newl0")]
    data.loc[first[0], "sha256"] = trained
    rescore, asked = rescorer()
    checks = compare(model(seed=1, data=data), HOLDER, rescore)
    assert hide_name(data.loc[first[1], "sha256"]) not in asked
    assert "718 images of 359 lesions" in checks[0].found


def test_images_that_the_holder_was_tested_on_need_no_scoring():
    data = as_new_data({"train": "train", "val": "val", "test": "test"})
    rescore, asked = rescorer()
    compare(model(seed=1, data=data), HOLDER, rescore)
    new = data[data["sha256"].str.startswith("new") & data["split"].eq("test")]
    assert sorted(asked) == sorted(new["sha256"].map(hide_name))


def test_reviewed_labels_count_for_both():
    reviewed = DATA.copy()
    tested = reviewed.index[reviewed["split"].eq("test")]
    reviewed.loc[tested[:40], "label"] = "mel"
    checks = compare(model(seed=1, data=reviewed), HOLDER)
    truth = make_predictions(DATA, 2.0, 0).assign(image_id=reviewed["image_id"])
    assert compare(model(seed=1, data=reviewed), make_evidence(reviewed, truth)) == checks


def test_without_the_images_a_refusal_says_what_is_missing():
    data = as_new_data({"train": "train", "val": "val", "test": "test"})
    candidate = model(seed=1, data=data)
    [check] = compare(candidate, HOLDER)
    assert check.found == (
        "360 of 720 test images are new to it, and there is nothing here to score them with"
    )

    def rescore(who, content):
        raise RegistryError("data/image_store is missing")

    [check] = compare(candidate, HOLDER, rescore)
    assert check.found == "360 of 720 test images are new to it: data/image_store is missing"
    assert (check.name, check.passed) == ("holder_comparable", False)


def test_too_few_lesions_of_a_class_are_refused():
    swapped = DATA.assign(split=DATA["split"].map({"train": "test", "val": "val", "test": "test"}))
    few = swapped[~(swapped["label"].eq("mel") & DATA["split"].eq("test"))]
    [check] = compare(model(seed=1, data=few.reset_index(drop=True)), HOLDER)
    assert check.found == (
        "too few test lesions that it was not trained on: mel 0; 10 of each class asked "
        "(240 of 360 images are left)"
    )


def test_the_digest_is_of_the_tested_images_and_their_labels():
    digest = compare_holder.test_set_digest
    assert digest(model(seed=1)) == digest(HOLDER)
    shuffled = replace(HOLDER, images=HOLDER.images.sample(frac=1, random_state=0))
    assert digest(shuffled) == digest(HOLDER)
    tested = HOLDER.images.index[HOLDER.images["split"].eq("test")]
    images = HOLDER.images.copy()
    images.loc[tested[0], "label"] = "mel"
    changed = [replace(HOLDER, images=one) for one in (images, HOLDER.images.drop(tested[0]))]
    assert len({digest(HOLDER), *map(digest, changed)}) == 3


@pytest.mark.parametrize("seed", range(3))
def test_equal_models_differ_by_less_than_their_own_intervals(seed):
    """What pairing is for: both err on much the same images."""
    other = model(seed=seed + 1)
    widths = [float(np.subtract(*e.parts["test"]["macro_auc"].interval)) for e in (HOLDER, other)]
    low, high = compare(other, HOLDER)[0].found.split("(")[1].split(")")[0].split(" to ")
    assert float(high) - float(low) < 0.75 * min(-width for width in widths)
