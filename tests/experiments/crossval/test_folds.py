"""Folds: every image is tested on once, groups stay whole, and images dealt one by one leak."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.validation.split import count_crossings, split_groups
from dermaflow.errors import ValidationError
from dermaflow.experiments.crossval.folds import fold_name, make_folds, mark, tags_of
from dermaflow.schema import SPLITS

PARAMS = params_of("validate", {"split.folds": 5}).split
VAL = 0.15
CLASSES = {"nv": 300, "mel": 80, "df": 20}  # lesions of each


@pytest.fixture(scope="module")
def manifest():
    """Lesions with one to four images, and some images of an external source."""
    rng = np.random.default_rng(5)
    lesions = [f"{label}{number}" for label, count in CLASSES.items() for number in range(count)]
    rows = [
        {"lesion_id": lesion, "image_id": f"{lesion}_{shot}", "label": lesion.rstrip("0123456789")}
        for lesion in lesions
        for shot in range(1 + rng.poisson(0.5))
    ]
    table = pd.DataFrame(rows).assign(patient_id=None, role="train", source="drawn")
    outside = table.head(9).assign(role="external", source="elsewhere")
    for name in ("lesion_id", "image_id"):
        outside[name] = "x" + outside[name]
    table = pd.concat([table, outside], ignore_index=True).assign(
        sha256=lambda rows: rows["image_id"]
    )
    return table.join(split_groups(table, PARAMS, seed=3))


@pytest.fixture(scope="module", params=["lesion", "image"])
def folds(request, manifest):
    return make_folds(manifest, request.param, VAL, seed=3)


def sides(fold):
    return pd.concat([rows.assign(side=side) for side, rows in fold.parts.items()])


def test_every_image_of_the_training_sources_is_tested_on_once(manifest, folds):
    tested = pd.concat([fold.parts["test"] for fold in folds])["image_id"]
    assert sorted(tested) == sorted(manifest.loc[manifest["role"] == "train", "image_id"])
    assert [fold.number for fold in folds] == [1, 2, 3, 4, 5]


def test_a_fold_has_every_image_on_one_side(manifest, folds):
    own = manifest[manifest["role"] == "train"]
    for fold in folds:
        assert sorted(sides(fold)["image_id"]) == sorted(own["image_id"])
        held_out = [*fold.parts["val"]["image_id"], *fold.parts["test"]["image_id"]]
        assert fold.held_out["image_id"].tolist() == held_out


def test_classes_have_their_shares_on_every_side(manifest, folds):
    largest = int(manifest["group_id"].value_counts().max())
    for fold in folds:
        for _, rows in sides(fold).groupby("label"):
            counts = rows["side"].value_counts()
            assert counts["test"] == pytest.approx(len(rows) / 5, abs=largest)
            assert counts["val"] == pytest.approx(VAL * len(rows), abs=largest)


def test_no_lesion_is_on_two_sides_of_a_fold(manifest):
    for fold in make_folds(manifest, "lesion", VAL, seed=3):
        assert count_crossings(sides(fold), "side") == 0
        assert fold.leaking == 0
        assert (fold.parts["test"]["fold"] == fold.number).all()


def test_images_dealt_one_by_one_leak_their_siblings(manifest):
    for fold in make_folds(manifest, "image", VAL, seed=3):
        elsewhere = {*fold.parts["train"]["group_id"], *fold.parts["val"]["group_id"]}
        expected = fold.parts["test"]["group_id"].isin(elsewhere).mean()
        assert fold.leaking == pytest.approx(expected)
        assert fold.leaking > 0.3


@pytest.mark.parametrize("protocol", ["lesion", "image"])
def test_folds_depend_on_the_seed_and_not_on_the_order_of_rows(manifest, protocol):
    def ids(rows, seed):
        return [
            {side: sorted(part["image_id"]) for side, part in fold.parts.items()}
            for fold in make_folds(rows, protocol, VAL, seed)
        ]

    assert ids(manifest.sample(frac=1, random_state=0), 3) == ids(manifest, 3)
    assert ids(manifest, 4) != ids(manifest, 3)


def test_validation_is_another_in_every_fold(manifest):
    folds = make_folds(manifest, "lesion", VAL, seed=3)
    first, second = (set(fold.parts["val"]["image_id"]) for fold in folds[:2])
    assert len(first & second) < 0.5 * len(first)


def test_newcomers_move_few_of_the_others(manifest):
    late = manifest["lesion_id"].isin(manifest["lesion_id"].sample(4, random_state=1))
    rows = manifest.drop(columns=["group_id", "split", "fold"])
    before = rows[~late].join(split_groups(rows[~late], PARAMS, 3))

    def side_of(table):
        folds = make_folds(table, "lesion", VAL, seed=3)
        rows = pd.concat([sides(fold).assign(fold=fold.number) for fold in folds])
        return rows.set_index(["fold", "image_id"])["side"]

    was, now = side_of(before), side_of(manifest)
    assert (now[was.index] != was).mean() < 0.1


def test_a_manifest_whose_folds_divide_a_lesion_is_refused(manifest):
    divided = manifest.copy()
    lesion = divided["lesion_id"].value_counts().idxmax()
    rows = divided.index[divided["lesion_id"] == lesion]
    divided.loc[rows[0], "fold"] = divided.loc[rows[0], "fold"] % 5 + 1
    with pytest.raises(ValidationError, match="are on two sides of fold"):
        make_folds(divided, "lesion", VAL, seed=3)


def test_a_manifest_of_an_older_version_is_refused(manifest):
    older = manifest.assign(fold=manifest["fold"] - 1)
    with pytest.raises(ValidationError, match="run the validate stage again"):
        make_folds(older, "lesion", VAL, seed=3)


def test_too_few_images_for_a_fold_are_refused(manifest):
    few = manifest[manifest["lesion_id"] == "nv0"].assign(split="train", fold=2)
    with pytest.raises(
        ValidationError, match="fold 1 has no val images: there are too few for 2 folds"
    ):
        make_folds(few, "lesion", VAL, seed=3)


def test_only_what_leaks_is_marked():
    assert mark("crossval", "lesion") == "crossval"
    assert mark("crossval", "image") == "crossval_LEAKING"
    assert fold_name(2, "lesion") == "fold 2"
    assert fold_name(2, "image") == "fold 2 LEAKING"
    assert tags_of("image", synthetic=True) == {
        "crossval.protocol": "image LEAKING",
        "crossval.synthetic": "true",
    }
    assert SPLITS == ("train", "val", "test")  # the sides of a fold
