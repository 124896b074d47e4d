"""Sets of classes: thresholds by hand, coverage by simulation, and crepes as an oracle."""

import json
from math import ceil

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalClassifier

from dermaflow.errors import WeightsError
from dermaflow.ml.evaluation.conformal import (
    ConformalSets,
    choose_sets,
    is_too_small,
    one_image_a_lesion,
    rank_of,
)

CLASSES = ["df", "mel", "nv"]


def table_of(lesions, rng, images=1, skill=1.5):
    """Calibrated float32 answers; ``lesions`` -> how many of each class, ``images`` each."""
    labels = np.repeat(np.arange(len(CLASSES)), [lesions.get(code, 0) for code in CLASSES])
    centres = rng.normal(size=(len(labels), 3)) + skill * np.eye(3)[labels]
    logits = np.repeat(centres, images, 0) + 0.3 * rng.normal(size=(len(labels) * images, 3))
    powers = np.exp(logits)
    answers = pd.DataFrame(
        (powers / powers.sum(1, keepdims=True)).astype(np.float32),
        columns=[f"p_{code}" for code in CLASSES],
    )
    return answers.assign(
        image_id=[f"i{number}" for number in range(len(answers))],
        group_id=[f"g{number // images}" for number in range(len(answers))],
        label=np.repeat(np.array(CLASSES, dtype=object)[labels], images),
    )


def scored(scores, code="mel"):
    """One lesion a score of the class."""
    p = pd.DataFrame({f"p_{name}": 0.0 for name in CLASSES}, index=range(len(scores)))
    names = [f"i{number}" for number in range(len(scores))]
    return p.assign(**{f"p_{code}": scores}, image_id=names, group_id=names, label=code)


def probabilities_of(table):
    return table[[f"p_{code}" for code in CLASSES]].to_numpy()


def test_the_rank_is_exact_where_floating_point_is_not():
    assert 0.07 * 100 > 7  # a product of floats would give rank 8
    assert rank_of(99, 0.07) == 7
    assert [rank_of(n, 0.9) for n in (0, 5, 8, 9, 18, 19, 29, 30, 92)] == [
        *(1, 6, 9, 9, 18, 18, 27, 28, 84)
    ]
    assert [n for n in range(40) if is_too_small(n, 0.9)] == list(range(9))
    assert [n for n in range(40) if is_too_small(n, 0.95)] == list(range(19))


@pytest.mark.parametrize(("lesions", "place"), [(9, 0), (19, 1), (30, 2), (92, 8)])
def test_the_threshold_is_the_rank_th_smallest_nonconformity(lesions, place):
    """That is the probability that ``place`` of the lesions are below."""
    scores = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, lesions))
    sets = choose_sets(scored(scores), CLASSES, 0.9, 9, True)
    expected = np.sort(scores)[place]
    assert sets.cell_of("mel").threshold == expected
    assert 1 - expected == pytest.approx(np.sort(1 - scores)[ceil((lesions + 1) * 0.9) - 1])
    found = sets.contains(np.array([[0, expected, 0], [0, np.nextafter(expected, 0), 0]]), CLASSES)
    assert found["in_set_mel"].tolist() == [True, False]


@pytest.mark.parametrize("lesions", [0, 5, 9, 29, 30])
def test_a_class_has_a_threshold_of_its_own_from_thirty_lesions_on(lesions):
    rng = np.random.default_rng(lesions)
    val = table_of({"mel": lesions, "nv": 60}, rng, images=2)
    sets = choose_sets(val, CLASSES, 0.9, 30, True)
    cell = sets.cell_of("mel")
    small = ("df",) if lesions == 30 else ("df", "mel")
    assert sets.cell_of("df").classes == small
    assert (cell.shared, cell.lesions) == (lesions < 30, lesions)
    assert sets.cell_of("nv").classes == ("nv",)
    assert not sets.cell_of("nv").shared
    everywhere = sets.contains(np.zeros((4, 3), np.float32), CLASSES).all()
    assert everywhere.tolist() == [lesions < 9 or lesions == 30, lesions < 9, False]
    told = {tuple(cell["classes"]): cell for cell in sets.to_dict()["cells"]}
    assert told[small]["always_in_the_set"] == (lesions < 9 or lesions == 30)


def test_small_classes_are_pooled_lesion_by_lesion():
    val = pd.concat(
        [
            scored(np.linspace(0.5, 0.9, 8), "df"),
            scored(np.linspace(0.1, 0.4, 11)).assign(group_id=lambda t: "m" + t["image_id"]),
        ],
        ignore_index=True,
    )
    cell = choose_sets(val, CLASSES, 0.9, 30, True).cell_of("df")
    assert (cell.classes, cell.lesions) == (("df", "mel", "nv"), 19)
    assert cell.threshold == np.linspace(0.1, 0.4, 11)[1]  # of rank 18 of 19


def test_one_image_a_lesion_whatever_the_order_and_however_sure():
    table = table_of({"mel": 50}, np.random.default_rng(0), images=4)
    chosen = one_image_a_lesion(table)
    assert chosen["group_id"].tolist() == [f"g{number}" for number in range(50)]
    shuffled = one_image_a_lesion(table.sample(frac=1, random_state=1))
    assert set(shuffled["image_id"]) == set(chosen["image_id"])
    # Neither the first, the last nor the surest each time.
    assert 0 < (chosen["image_id"].str[1:].astype(int) % 4 == 0).mean() < 0.5
    surest = table.loc[table.groupby("group_id")["p_mel"].idxmax(), "image_id"]
    assert 0 < chosen["image_id"].isin(surest).mean() < 0.5
    assert len(one_image_a_lesion(table.set_axis([7] * len(table)))) == 50


def test_thresholds_and_sets_equal_those_of_crepes():
    """Unsmoothed, class-conditional p-values of 1 - p."""
    rng = np.random.default_rng(3)
    val, test = (table_of({"df": 40, "mel": 92, "nv": 300}, rng) for _ in range(2))
    # Ties, and a nonconformity that is the threshold itself.
    for table in (val, test):
        columns = [f"p_{code}" for code in CLASSES]
        table[columns] = (table[columns] * 64).round() / 64
    places = pd.Index(CLASSES).get_indexer(val["label"])
    alphas = 1 - probabilities_of(val)[np.arange(len(val)), places]
    for coverage in (0.8, 0.9, 0.95):
        oracle = ConformalClassifier().fit(alphas, bins=places)
        expected = np.column_stack(
            [
                oracle.predict_set(
                    1 - probabilities_of(test)[:, [place]],
                    bins=np.full(len(test), place),
                    confidence=coverage,
                    smoothing=False,
                )
                for place in range(3)
            ]
        )
        found = choose_sets(val, CLASSES, coverage, 30, True).contains(
            probabilities_of(test), CLASSES
        )
        np.testing.assert_array_equal(found.to_numpy(), expected.astype(bool))
        assert 0.3 < expected.mean() < 0.9


def sets():
    val = table_of({"df": 5, "mel": 40, "nv": 60}, np.random.default_rng(0))
    return choose_sets(val, CLASSES, 0.9, 30, True)


def test_they_survive_json_to_the_last_digit():
    again = ConformalSets.from_dict(json.loads(json.dumps(sets().to_dict(), allow_nan=False)))
    assert again == sets()


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.pop("coverage"),
        lambda values: values.update(coverage=1.0),
        lambda values: values.update(cells=[]),
        lambda values: values.update(calibration_images_chose_the_epoch="no"),
        lambda values: values["cells"][0].update(threshold=1.5),
        lambda values: values["cells"][0].update(threshold=float("nan")),
        lambda values: values["cells"][0].update(threshold=None),
        lambda values: values["cells"][0].update(lesions=8),  # too few for a threshold
        lambda values: values["cells"][0].update(classes=["mel", "nv"]),  # not a shared one
        lambda values: values["cells"][0].update(classes=["nv"]),  # twice
        lambda values: values["cells"][0].pop("shared"),
        lambda values: values.update(cells="mel"),
    ],
)
def test_what_cannot_have_been_chosen_is_refused(damage):
    values = sets().to_dict()
    damage(values)
    with pytest.raises((KeyError, TypeError, ValueError)):
        ConformalSets.from_dict(values)


def test_a_class_without_a_cell_is_an_error_and_never_left_out():
    with pytest.raises(WeightsError, match="sets lack the class bcc"):
        sets().contains(np.zeros((1, 2)), ["bcc", "mel"])
