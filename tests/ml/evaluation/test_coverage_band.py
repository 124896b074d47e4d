"""Where chance leaves coverage: closed forms, and simulations of exchangeable lesions."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from dermaflow.ml.evaluation.conformal import Cell, ConformalSets, choose_sets, rank_of
from dermaflow.ml.evaluation.coverage_band import (
    CoveredCell,
    SetAnswers,
    coverage_band,
    covered_cells,
    covers,
)

CLASSES = ["df", "mel"]
PER_CLASS = 1 - 0.05 / 7


def cell_of(calibrated, tested, asked=0.9):
    covered = np.ones(tested, bool)
    return CoveredCell(Cell(("mel",), calibrated, 0.1, False), asked, covered)


def sample(rng, images=1, **lesions):
    """Answers of so many lesions a class, of which only the own class's probability matters."""
    rows = []
    for code, count in lesions.items():
        sureness = np.repeat(rng.uniform(size=count), images) + 0.1 * rng.uniform(
            size=count * images
        )
        rows.append(pd.DataFrame({f"p_{other}": sureness for other in CLASSES}).assign(label=code))
    table = pd.concat(rows, ignore_index=True)
    names = np.arange(len(table))
    salt = rng.integers(1 << 30)  # other ids, other images of a lesion
    return table.assign(
        image_id=[f"{salt}/{name}" for name in names],
        group_id=[f"{salt}/{name // images}" for name in names],
    )


def answered(table, sets):
    probabilities = table[[f"p_{code}" for code in CLASSES]].to_numpy()
    return SetAnswers(pd.concat([table, sets.contains(probabilities, CLASSES)], axis=1), sets)


def test_chances_are_those_of_a_binomial_whose_share_is_of_the_beta_distribution():
    cell = cell_of(30, 12)
    rank = rank_of(30, 0.9)
    shares = np.random.default_rng(0).beta(rank, 31 - rank, 50_000)
    expected = binom.pmf(np.arange(13)[:, None], 12, shares).mean(1)
    np.testing.assert_allclose(cell.chances, expected, atol=2e-3)
    assert cell.chances.sum() == pytest.approx(1)
    assert cell.chances @ np.arange(13) / 12 == pytest.approx(rank / 31)


def test_bands_of_melanoma():
    """92 lesions calibrate and as many are tested on; or five folds of 614, each with its 92."""
    alone, pooled = [cell_of(92, 92)], [cell_of(92, 123) for _ in range(4)] + [cell_of(92, 122)]
    assert coverage_band(alone, 0.95).interval == (74 / 92, 90 / 92)
    assert coverage_band(pooled, 0.95).interval == pytest.approx((0.865, 0.937), abs=0.0015)
    assert coverage_band(alone, PER_CLASS).interval == (70 / 92, 91 / 92)
    assert coverage_band(pooled, PER_CLASS).interval == pytest.approx((0.850, 0.946), abs=0.001)
    assert coverage_band(alone, 0.95).value == pytest.approx(84 / 93)
    assert coverage_band(pooled, 0.95).groups == 614


def test_the_band_holds_at_least_its_confidence_and_hardly_more():
    for calibrated, tested in ((9, 3), (30, 34), (92, 92), (810, 810)):
        cell = cell_of(calibrated, tested)
        low, high = coverage_band([cell], 0.95).interval
        first, last = round(low * tested), round(high * tested)
        assert cell.chances[first : last + 1].sum() >= 0.95
        assert cell.chances[:first].sum() <= 0.025
        assert cell.chances[: first + 1].sum() >= 0.025
        assert cell.chances[last + 1 :].sum() <= 0.025
        assert cell.chances[last:].sum() >= 0.025


@pytest.mark.parametrize("folds", [1, 5])
def test_exchangeable_lesions_are_covered_within_the_band(folds):
    """In 99 % of seeds, with three pictures a lesion that resemble each other."""
    inside = []
    for seed in range(100 if folds == 1 else 30):
        rng = np.random.default_rng(seed)
        parts = [
            answered(
                sample(rng, 3, mel=60),
                choose_sets(sample(rng, 3, mel=40), CLASSES, 0.9, 30, True),
            )
            for _ in range(folds)
        ]
        (cells,) = covered_cells(parts, CLASSES).values()
        low, high = coverage_band(cells, PER_CLASS).interval
        covered = np.concatenate([cell.covered for cell in cells])
        assert len(covered) == folds * 60
        inside.append(low <= covered.mean() <= high)
    assert np.mean(inside) >= 0.99


def test_other_lesions_than_those_of_calibration_leave_the_band():
    outside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sets = choose_sets(sample(rng, mel=92), CLASSES, 0.9, 30, True)
        elsewhere = sample(rng, mel=92).assign(p_mel=lambda table: table["p_mel"] * 0.3)
        ((cell,),) = covered_cells([answered(elsewhere, sets)], CLASSES).values()
        outside.append(cell.covered.mean() < coverage_band([cell], PER_CLASS).low)
    assert np.mean(outside) > 0.9


def test_small_classes_are_tested_together_and_those_without_a_threshold_not_at_all():
    rng = np.random.default_rng(0)
    test = sample(rng, 2, df=6, mel=50)
    few, enough = (sample(rng, df=count, mel=40) for count in (8, 9))
    found = {
        count: covered_cells([answered(test, choose_sets(val, CLASSES, 0.9, 30, True))], CLASSES)
        for count, val in ((8, few), (9, enough))
    }
    assert list(found[8]) == ["mel"]
    assert {name: cells[0].lesions for name, cells in found[9].items()} == {
        "mel": 50,
        "small-classes": 6,
    }


def test_a_class_of_its_own_in_some_folds_alone_has_no_band_of_its_own():
    rng = np.random.default_rng(0)
    calibrations = [sample(rng, df=29, mel=40), sample(rng, df=30, mel=40)]
    parts = [
        answered(sample(rng, df=20, mel=50), choose_sets(val, CLASSES, 0.9, 30, True))
        for val in calibrations
    ]
    found = covered_cells(parts, CLASSES)
    assert {name: [cell.lesions for cell in cells] for name, cells in found.items()} == {
        "mel": [50, 50],
        "small-classes": [20],
    }


def test_an_image_is_covered_where_its_own_class_is_in_its_set():
    answers = pd.DataFrame(
        {"label": ["df", "mel", "mel"], "in_set_df": [True] * 3, "in_set_mel": [True, False, True]}
    )
    assert covers(answers, CLASSES).tolist() == [True, False, True]
    assert covers(answers[:0], CLASSES).tolist() == []


def test_sets_of_every_class_cover_everything():
    sets = ConformalSets(0.9, (Cell(("df", "mel"), 5, 0.0, True),), True)
    part = answered(sample(np.random.default_rng(0), df=3, mel=3), sets)
    assert covers(part.answers, CLASSES).all()
    assert covered_cells([part], CLASSES) == {}
