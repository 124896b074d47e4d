"""The page of drift."""

import re

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.appearance import APPEARANCE_COLUMNS, EMBEDDING_LENGTH
from dermaflow.data.drift.compare_profiles import compare_profiles
from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.profile import build_profile
from dermaflow.data.validation.suite_report import describe_result
from dermaflow.data.validation.suites import run_suite
from dermaflow.params.validate import ExpectationParams
from dermaflow.reporting.drift.drift_page import render_drift

NASTY = "<script>alert(1)</script> $x^$"


def profile(seed, label, shift=0.0):
    """Sixty pictures of which half have the label; contrast is unknown."""
    rng = np.random.default_rng(seed)
    numbers = ("age", "brightness", *APPEARANCE_COLUMNS)
    rows = pd.DataFrame({name: rng.normal(3 + shift, 1, 60) for name in numbers})
    rows = rows.assign(sex="male", localization=NASTY, contrast=np.nan)
    rows["label"] = np.where(np.arange(60) % 2, "nv", label)
    embeddings = rng.normal(0, 1, (60, EMBEDDING_LENGTH)).astype(np.float32)
    return build_profile(rows, embeddings, 90, (48, 64), 30, rng)


@pytest.fixture(scope="module")
def page():
    reference, batch = profile(0, "mel"), profile(1, NASTY)
    features = compare_profiles(NASTY, reference, batch, 199, np.random.default_rng(2))
    expectation = ExpectationParams(
        expectation="expect_column_values_to_be_between",
        kwargs={"column": "value", "max_value": 0.5},
        on_failure="warn",
        reason="too far",
    )
    result = run_suite("drift", [expectation], features, {})
    features["broken"] = features.index.isin(list(result.broken_rows))
    comparison = Comparison(
        name=NASTY,
        reference_name="training sources",
        batch=batch,
        reference=reference,
        unusual=[NASTY, "odd"],
        typical=["typical"],
    )
    return render_drift([comparison], report_of(features, result), reference, read)


def report_of(features, result):
    """What the validate stage reports of batches and of the suite."""
    by_batch = features.astype(object).where(features.notna(), None).groupby("batch")
    batches = {
        name: {"features": rows.drop(columns="batch").set_index("feature").to_dict("index")}
        for name, rows in by_batch
    }
    return {"batches": batches, "suite": describe_result(result)}


def read(image_id):
    return np.full((6, 8, 3), 120, np.uint8)


def test_what_breaks_an_expectation_comes_first(page):
    names = re.findall(r'<span class="name[^>]*>([^<]*)</span>', page)
    assert names[0] == "Class – not as expected"
    assert not any("not as expected" in name for name in names[1:])
    assert "Not as expected: Class." in page
    assert "Jensen-Shannon distance 0.71; by chance 0." in page
    assert "90 images of 60 lesions or patients" in page


def test_what_nothing_is_known_of_is_said_to_be_so(page):
    contrast = page[page.index(">Contrast<") :]
    assert contrast.index("nothing is known of it") < contrast.index("</figure>")
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)


def test_every_feature_has_a_figure_and_every_picture_is_there(page):
    assert page.count('src="data:image/svg+xml;base64,') == 10
    assert page.count('src="data:image/jpeg;base64,') == 3


def test_names_of_the_data_cannot_become_part_of_the_page(page):
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.findall(r'(?:src|href)="(?!data:image/)', page)


def test_a_run_without_batches_says_so():
    reference = profile(0, "mel")
    result = run_suite("drift", [], pd.DataFrame({"batch": [], "feature": []}), {})
    report = {"batches": {}, "suite": describe_result(result)}
    page = render_drift([], report, reference, read)
    assert "There is nothing to compare" in page
    assert "<figure" not in page


def test_equal_content_gives_equal_bytes(page):
    reference = profile(0, "mel")
    features = compare_profiles("b", reference, profile(1, "nv"), 99, np.random.default_rng(2))
    features["broken"] = False
    comparison = Comparison(
        name="b",
        reference_name="r",
        batch=profile(1, "nv"),
        reference=reference,
        unusual=["a"],
        typical=[],
    )
    report = report_of(features, run_suite("drift", [], features, {}))
    pages = {render_drift([comparison], report, reference, read) for _ in range(2)}
    assert len(pages) == 1
