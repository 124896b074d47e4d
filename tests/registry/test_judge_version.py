"""Whether a version may be promoted: by an environment's own conf, and by its own evidence."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.evidence import FIGURES_FILE, read_evidence, write_evidence
from dermaflow.registry.judge_version import judge_version
from registry.made_evidence import EVALUATE, make_evidence, make_manifest, make_predictions

DATA = make_manifest(100)
GOOD = make_evidence(DATA, make_predictions(DATA, quality=5.0))
GATES = ["balanced_accuracy", "macro_auc", "melanoma_recall", "calibration", "intervals"]
REQUIRED = [
    "no_group_crosses_splits",
    "validation_passed",
    "same_environment",
    "coverage_in_band",
    "data_version",
]


def judge(candidate, holder=None, first_champion=None, env="base", rescore=None, **changes):
    promote = params_of("promote", {"against.least": 10} | changes, env)
    return judge_version(candidate, holder, first_champion, promote, EVALUATE, env, rescore)


def failed(checks):
    return {check.name: check.found for check in checks if not check.passed}


def test_where_nobody_has_the_alias_the_gates_alone_decide():
    checks = judge(GOOD)
    assert failed(checks) == {}
    assert [check.name for check in checks] == [*GATES, *REQUIRED]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"groups_across_splits": 1}, {"no_group_crosses_splits": "1 groups cross"}),
        ({"broken": ("few", "grey")}, {"validation_passed": "2 expectations broken"}),
        ({"environment": "smoke"}, {"same_environment": "smoke != base"}),
        ({"data_version": "unknown"}, {"data_version": "unknown"}),
        ({"confidence": 0.5}, {"intervals": "0.5 of 200 < 0.95 of 200"}),
        ({"resamples": 10}, {"intervals": "0.95 of 10 < 0.95 of 200"}),
    ],
)
def test_what_is_required_fails_with_what_was_found(changes, found):
    assert failed(judge(replace(GOOD, **changes))) == found


def test_a_lesion_on_two_sides_is_counted_whatever_the_report_says():
    images = GOOD.images.copy()
    tested = images.index[images["split"].eq("test")]
    images.loc[images["split"].eq("train").idxmax(), "group"] = images.loc[tested[0], "group"]
    assert failed(judge(replace(GOOD, images=images))) == {
        "no_group_crosses_splits": "1 groups cross"
    }


@pytest.mark.parametrize(
    ("changes", "passed", "found"),
    [
        ({}, True, "all classes in it"),
        ({"mel/coverage_in_band": 0.0}, False, "outside of it: mel"),
        (
            {"mel/coverage_in_band": 0.0, "sets_chose_epoch": 1.0},
            True,
            "outside of it: mel (decides nothing, since validation chose the epoch as well)",
        ),
    ],
)
def test_coverage_is_a_gate_only_where_other_images_chose_the_epoch(changes, passed, found):
    test = GOOD.parts["test"] | {name: Estimate(value) for name, value in changes.items()}
    told = {check.name: check for check in judge(replace(GOOD, parts={"test": test}))}
    assert (told["coverage_in_band"].passed, told["coverage_in_band"].found) == (passed, found)


def test_a_version_without_sets_has_no_coverage():
    without = {name: e for name, e in GOOD.parts["test"].items() if name != "sets_chose_epoch"}
    assert failed(judge(replace(GOOD, parts={"test": without}))) == {
        "coverage_in_band": "no sets were tested"
    }


def test_what_is_not_required_is_not_asked():
    loose = {"require": dict.fromkeys(REQUIRED[:-1], False), "calibration": None}
    bad = replace(GOOD, groups_across_splits=1, broken=("few",), environment="smoke")
    checks = judge(bad, **loose)
    assert failed(checks) == {}
    assert "calibration" not in [check.name for check in checks]


def test_a_smoke_model_does_not_pass_by_bounds_of_its_own():
    """Its environment asks for nothing; it took the alias from models that had passed."""
    few = make_manifest(6)
    smoke = make_evidence(few, make_predictions(few, quality=0.0), env="smoke")
    assert failed(judge(smoke, env="smoke", **{"against.least": 0})) == {}
    refused = failed(judge(smoke))
    assert refused["same_environment"] == "smoke != base"
    assert {"balanced_accuracy", "macro_auc", "melanoma_recall"} <= set(refused)


def test_a_model_judged_on_two_melanomas_is_refused():
    mel = DATA[DATA["split"].eq("test") & DATA["label"].eq("mel")]
    few = DATA.drop(mel.index[~mel["group_id"].isin(mel["group_id"].unique()[:2])])
    few = few.reset_index(drop=True)
    candidate = make_evidence(few, make_predictions(few, quality=9.0))
    sure = {"mel/recall": Estimate(1.0, 1.0, 1.0, 2)}
    fooled = replace(candidate, parts={"test": candidate.parts["test"] | sure})
    found = failed(judge(fooled, **{"against.least": 0}))
    assert found == {
        "balanced_accuracy": "2 lesions, 5 asked, 0.750 asked",
        "melanoma_recall": "2 lesions, 15 asked, 0.700 asked",
    }


@pytest.mark.parametrize("end", [7.0, -0.1, float("nan")])
def test_an_impossible_lower_end_is_refused_before_it_is_judged(tmp_path, end):
    write_evidence(tmp_path, GOOD)
    file = tmp_path / FIGURES_FILE
    figures = json.loads(file.read_text())
    figures["parts"]["test"]["balanced_accuracy"] |= {"low": end, "high": 9.0}
    file.write_text(json.dumps(figures))
    with pytest.raises(RegistryError, match=r"test/balanced_accuracy is"):
        read_evidence(tmp_path)


def test_a_version_is_held_against_the_holder_and_the_first_champion():
    slightly, worse = (
        make_evidence(DATA, make_predictions(DATA, quality=quality, seed=0))
        for quality in (2.0, 1.4)
    )
    loose = {f"gates.{name}.bound": 0 for name in GATES[:3]} | {"calibration": None}
    margins = {"against.holder": {"macro_auc": 0.2}, "against.reported": ["mel/recall"]}
    checks = judge(worse, slightly, GOOD, **loose, **margins)
    names = [check.name for check in checks]
    assert names[-5:] == [
        "holder_macro_auc",
        "holder_mel_recall",
        "first_champion_macro_auc",
        "first_champion_mel_auc",
        "first_champion_mel_recall",
    ]
    assert set(failed(checks)) == {"first_champion_macro_auc", "first_champion_mel_auc"}


def test_margins_that_are_null_ask_for_no_comparison():
    nothing = {"macro_auc": None, "mel/auc": None}
    quiet = {"against.holder": nothing, "against.reported": []}
    assert [check.name for check in judge(GOOD, GOOD, **quiet)] == [*GATES, *REQUIRED]


@pytest.mark.parametrize("env", ["base", "ham10000", "ham10000_gpu"])
def test_an_honest_model_passes_by_the_conf_of_its_own_environment(env):
    """Of as many lesions as its test split has: base's 8 a class, HAM10000's 12 dermatofibromas."""
    sizes = {"base": (8, 22, 60), "ham10000": (12, 119, 800), "ham10000_gpu": (12, 119, 800)}[env]
    parts = []
    for code, size in zip(("bcc", "mel", "nv"), sizes, strict=True):
        made = make_manifest(size, prefix=code, images=1)
        parts.append(made[made["label"].eq(code)].assign(split="test"))
    rows = pd.concat(parts, ignore_index=True)
    honest = make_evidence(rows, make_predictions(rows, quality=4.0), env=env)
    checks = judge(honest, honest, honest, env=env, **{"against.least": 8})
    assert {name: found for name, found in failed(checks).items() if name != "calibration"} == {}
