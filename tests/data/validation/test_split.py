"""Groups stay whole, classes get their shares, and the split is a function of the data alone."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.validation.split import count_crossings, cut, find_groups, split_groups

PARAMS = params_of("validate", env="base").split
CLASSES = {"nv": 400, "mel": 90, "df": 12}  # lesions of each


@pytest.fixture(scope="module")
def rows():
    """Lesions with one to four images; one patient in five has two lesions."""
    rng = np.random.default_rng(3)
    lesions = [(label, f"{label}{n}") for label, count in CLASSES.items() for n in range(count)]
    table = [
        {
            "lesion_id": lesion,
            "patient_id": f"p{number - number % 5 % 2}" if number % 2 else None,
            "label": label,
            "sha256": f"{lesion}-{shot}",
        }
        for number, (label, lesion) in enumerate(lesions)
        for shot in range(1 + rng.poisson(0.4))
    ]
    rows = pd.DataFrame(table).assign(role="train")
    return rows.assign(image_id=[f"i{number}" for number in range(len(rows))])


def test_a_chain_of_lesions_and_patients_is_one_group():
    rows = pd.DataFrame(
        [("b", "p1"), ("c", "p1"), ("c", "p2"), ("a", "p2"), ("d", None), ("d", "p3"), ("e", None)],
        columns=["lesion_id", "patient_id"],
    ).assign(sha256=None, image_id=list("tuvwxyz"))
    assert find_groups(rows).tolist() == ["a", "a", "a", "a", "d", "d", "e"]


def test_a_pair_joins_the_groups_of_its_images():
    rows = pd.DataFrame({"image_id": list("xyz"), "lesion_id": list("cab"), "sha256": None})
    rows["patient_id"] = None
    pairs = pd.DataFrame({"image_a": ["x"], "image_b": ["z"]})
    assert find_groups(rows, pairs).tolist() == ["b", "a", "b"]
    assert find_groups(rows, pairs.iloc[:0]).tolist() == ["c", "a", "b"]


def test_missing_patients_link_nothing():
    rows = pd.DataFrame({"lesion_id": ["a", "b", "c"], "patient_id": [None, np.nan, pd.NA]})
    rows = rows.assign(sha256=None, image_id=list("xyz"))
    assert find_groups(rows).nunique() == 3


def test_a_row_of_which_nothing_is_known_is_a_group_of_its_own():
    rows = pd.DataFrame({"image_id": list("xyz"), "lesion_id": ["a", None, None], "sha256": None})
    rows["patient_id"] = None
    assert find_groups(rows).tolist() == ["a", "y", "z"]


def test_no_rows_make_no_groups():
    columns = ["image_id", "lesion_id", "patient_id", "sha256"]
    assert find_groups(pd.DataFrame(columns=columns)).empty


@pytest.mark.parametrize(
    ("sizes", "shares", "parts"),
    [
        ([1] * 10, [0.2, 0.3, 0.5], [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]),
        ([3, 1, 1, 1], [0.5, 0.5], [0, 1, 1, 1]),
        ([9, 1, 1], [0.1, 0.1, 0.8], [0, 1, 2]),  # each part gets a group
        ([5, 5], [0.1, 0.1, 0.8], [1, 2]),  # too few: the last parts get them
        ([7], [0.2, 0.8], [1]),
        ([], [0.2, 0.8], []),
    ],
)
def test_cut_in_closed_form(sizes, shares, parts):
    assert cut(sizes, shares) == parts


@pytest.mark.parametrize("seed", range(5))
def test_nothing_crosses_the_split_or_the_folds(rows, seed):
    manifest = rows.join(split_groups(rows, PARAMS, seed))
    assert manifest["patient_id"].notna().any()
    assert count_crossings(manifest, "split") == 0
    assert count_crossings(manifest, "fold") == 0
    assert set(manifest["fold"]) == {1, 2, 3, 4, 5}
    assert pd.crosstab(manifest["split"], manifest["fold"]).gt(0).all(axis=None)


def test_crossings_are_counted():
    manifest = pd.DataFrame(
        {
            "group_id": ["a", "a", "b"],
            "lesion_id": ["a", "a", "b"],
            "patient_id": [None, None, None],
            "sha256": ["1", "2", "3"],
            "split": ["train", "test", "test"],
        }
    )
    assert count_crossings(manifest, "split") == 2  # the group, and the lesion it consists of


@pytest.mark.parametrize("seed", range(5))
def test_every_class_gets_its_share_to_within_one_group(rows, seed):
    rows = rows.assign(patient_id=None)
    manifest = rows.join(split_groups(rows, PARAMS, seed))
    for _, members in manifest.groupby("label"):
        largest = members["lesion_id"].value_counts().max()
        counts = members["split"].value_counts()
        for split, share in (("test", PARAMS.test), ("val", PARAMS.val)):
            assert abs(counts[split] - share * len(members)) <= largest
        folds = members["fold"].value_counts()
        assert len(folds) == PARAMS.folds
        assert folds.max() - folds.min() <= 2 * largest


def test_the_order_of_rows_means_nothing(rows):
    shuffled = rows.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        split_groups(shuffled, PARAMS, 7).sort_index(), split_groups(rows, PARAMS, 7)
    )


def test_another_seed_is_another_split(rows):
    assert (split_groups(rows, PARAMS, 7)["split"] != split_groups(rows, PARAMS, 8)["split"]).any()


def test_newcomers_move_few_of_the_others(rows):
    late = rows["lesion_id"].isin(rows["lesion_id"].drop_duplicates().sample(10, random_state=1))
    before = split_groups(rows[~late], PARAMS, 7)
    after = split_groups(rows, PARAMS, 7).loc[before.index]
    assert (before["split"] != after["split"]).mean() < 0.03
    assert (before["fold"] != after["fold"]).mean() < 0.05


def test_a_group_with_several_labels_is_placed_with_the_rarest():
    rows = pd.DataFrame({"lesion_id": [f"x{n}" for n in range(40)], "patient_id": None})
    rows = rows.assign(sha256=None, role="train", image_id=rows["lesion_id"])
    rows["label"] = ["nv"] * 30 + ["df"] * 10
    mixed = pd.concat([rows, rows.iloc[30:].assign(label="nv")], ignore_index=True)
    shares = mixed.join(split_groups(mixed, PARAMS, 1))
    assert (shares[shares["label"] == "df"]["split"] == "test").sum() == 2


def test_a_group_larger_than_a_share_goes_to_training():
    rows = pd.DataFrame({"lesion_id": ["big"] * 30 + [f"x{n}" for n in range(30)]})
    rows = rows.assign(patient_id=None, sha256=None, label="nv", role="train")
    rows["image_id"] = [f"i{n}" for n in range(60)]
    for seed in range(5):
        split = split_groups(rows, PARAMS, seed)["split"]
        assert set(split[:30]) == {"train"}
        assert (split == "test").sum() == 12


def test_groups_that_come_one_by_one_keep_the_shares():
    rows = pd.DataFrame({"image_id": [f"i{n}" for n in range(200)], "patient_id": None})
    rows = rows.assign(lesion_id=rows["image_id"], sha256=None, label="nv", role="train")
    kept = None
    for count in range(20, 201, 3):
        some = rows.iloc[:count]
        split = split_groups(some, PARAMS, 1, None, kept).set_index(some["image_id"])["split"]
        assert kept is None or (split[kept.index] == kept).all()
        kept = split
    shares = kept.value_counts(normalize=True)
    assert shares["test"] == pytest.approx(PARAMS.test, abs=0.01)
    assert shares["val"] == pytest.approx(PARAMS.val, abs=0.01)


def test_external_rows_change_nothing_among_the_others():
    rows = pd.DataFrame({"image_id": [f"i{n}" for n in range(60)], "patient_id": None})
    rows = rows.assign(lesion_id=rows["image_id"], sha256=None, label="nv", role="train")
    bridge = rows.iloc[:1].assign(image_id="x", lesion_id="x", role="external")
    pairs = pd.DataFrame([("x", "i0"), ("x", "i1")], columns=["image_a", "image_b"])
    both = pd.concat([rows, bridge], ignore_index=True)
    found = split_groups(both, PARAMS, 1, pairs)
    pd.testing.assert_frame_equal(found.iloc[:60], split_groups(rows, PARAMS, 1))
    assert found["split"].iloc[60] == "excluded"


def test_a_group_that_joins_two_sides_goes_where_a_model_may_have_seen_it():
    rows = pd.DataFrame({"image_id": [f"i{n}" for n in range(60)], "patient_id": None})
    rows = rows.assign(lesion_id=rows["image_id"], sha256=None, label="nv", role="train")
    kept = split_groups(rows, PARAMS, 1).set_index(rows["image_id"])["split"]
    of = {side: kept.index[kept == side].tolist() for side in ("train", "val", "test")}
    pairs = pd.DataFrame(
        [(of["test"][0], of["train"][0]), (of["test"][1], of["val"][0])],
        columns=["image_a", "image_b"],
    )
    split = split_groups(rows, PARAMS, 1, pairs, kept).set_index(rows["image_id"])["split"]
    assert split[of["test"][0]] == "train"
    assert split[of["test"][1]] == "val"
    assert (split != kept).sum() == 2
