"""Data Docs: one page that stands alone, in which values of the data are text."""

import json
import re
from html import escape

import pandas as pd
import pytest

from dermaflow.data.validation.suite_report import describe_result
from dermaflow.data.validation.suites import run_suite
from dermaflow.params.validate import ExpectationParams
from dermaflow.reporting.data_docs.data_docs_page import render_data_docs

NASTY = "<script>alert(1)</script> {body}"
COUNTS = {"rows": 12, "unlisted_files": 3, "unusable_masks": 2, "clean": 10, "quarantined": 5}
NO_GROUPS = {
    "grouping": {},
    "largest_groups": [],
    "lesions_of_several_classes": {"lesions": 0, "of_most_classes": []},
}
NOTHING = COUNTS | NO_GROUPS | {"quarantined_by_reason": {}, "suites": {}}
NO_ROWS = pd.DataFrame({"image_id": [], "file": [], "label": [], "reason": [], "stage": []})


def docs(results=None, report=NOTHING, quarantine=NO_ROWS):
    files = render_data_docs(results or {}, report, quarantine)
    assert list(files) == ["index.html"]
    return files["index.html"].decode()


def cells(page):
    """Texts of the rows of all tables, without markup."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    found = [re.findall(r"<td[^>]*>\s*(.*?)\s*</td>", row, re.DOTALL) for row in rows]
    return [tuple(re.sub(r"<[^>]+>", "", cell).strip() for cell in row) for row in found if row]


def set_aside(count, **changes):
    rows = {"image_id": "i", "file": "i.jpg", "label": "mel", "reason": "r", "stage": "ingest"}
    report = NOTHING | {"quarantined_by_reason": {"r": count}}
    return report, pd.DataFrame([rows | changes] * count)


def test_groups_are_told_with_ids_that_stand_for_many():
    group = {"group_id": NASTY, "role": "train", "images": 28, "share": 0.333, "lesions": 1}
    groups = {
        "grouping": {"clinic": {"images": 84, "by_patient": 40, "by_lesion": 30, "alone": 14}},
        "largest_groups": [group | {"patients": 0, "classes": 7}],
        "lesions_of_several_classes": {
            "lesions": 12,
            "of_most_classes": [{"lesion_id": "unknown", "images": 28, "labels": "mel, nv"}],
        },
    }
    page = docs(report=NOTHING | groups)
    assert cells(page)[:3] == [
        ("clinic", "84", "40", "30", "14"),
        (escape(NASTY), "train", "28 (33.3%)", "1", "0", "7"),
        ("unknown", "28", "mel, nv"),
    ]
    assert "Lesions with images of several classes: 12" in page


def test_without_quarantined_rows_the_page_says_so():
    page = docs()
    assert "Nothing was set aside." in page
    assert "12 rows, 3 unlisted files and 2 unusable masks: 10 clean, 5 quarantined." in page


def test_rows_that_were_set_aside_are_listed_below_the_count_of_each_reason():
    report, quarantine = set_aside(1, image_id=None, label=float("nan"))
    report = report | {"quarantined_by_reason": {"too dark": 4, "<age>": 1}}
    page = docs(report=report, quarantine=quarantine)
    assert cells(page) == [("too dark", "4"), ("&lt;age&gt;", "1"), ("", "i.jpg", "", "r")]
    assert "more in the quarantine table" not in page


@pytest.mark.parametrize(("count", "more"), [(200, None), (203, "… and 3 more")])
def test_a_long_list_is_cut_and_the_rest_counted(count, more):
    page = docs(None, *set_aside(count))
    assert len(cells(page)) == 1 + 200
    assert re.findall(r"… and \d+ more", page) == ([more] if more else [])


def test_a_value_is_shown_on_one_line_and_cut():
    page = docs(None, *set_aside(1, reason="a\nb\x00" + "c" * 300, file=NASTY))
    [(_, file, _, reason)] = cells(page)[1:]
    assert file == "&lt;script&gt;alert(1)&lt;/script&gt; {body}"
    assert reason.startswith("a b\\x00ccc") and reason.endswith("c…")
    assert len(reason) == 200


def test_nothing_may_be_loaded_or_run():
    page = docs()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.findall(r'(?:src|href)="?[^"#]', page)


def expectation(column, low, **changes):
    values = {
        "expectation": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "min_value": low},
        "on_failure": "quarantine",
        "reason": "too <low>",
    }
    return ExpectationParams(**values | changes)


@pytest.fixture(scope="module")
def suites():
    """What the stage keeps of two suites as JSON; the second is not met."""
    table = pd.DataFrame({"image_id": ["a", NASTY, "c"], "age": [40, 3, 50], "label": [NASTY] * 3})
    words = {"column": "label", "value_set": ["mel"]}
    in_set = "expect_column_values_to_be_in_set"
    lists = {
        "first": [expectation("age", 0)],
        "second": [expectation("age", 20), expectation("", 0, expectation=in_set, kwargs=words)],
    }
    found = {name: run_suite(name, suite, table, {}) for name, suite in lists.items()}
    results = {name: result.library for name, result in found.items()}
    described = {name: describe_result(result) for name, result in found.items()}
    return json.loads(json.dumps([results, NOTHING | {"suites": described}]))


@pytest.fixture(scope="module")
def page(suites):
    return docs(*suites)


def test_the_summary_has_a_row_an_expectation_in_the_order_of_the_suites(page):
    between = "expect_column_values_to_be_between"
    between_low, in_set = (
        f"{between}too &lt;low&gt;",
        "expect_column_values_to_be_in_settoo &lt;low&gt;",
    )
    rows = [row[:5] for row in cells(page) if row[1:2] in (("met",), ("broken",))]
    assert rows == [
        ("first", "met", "age", between_low, "quarantine"),
        ("second", "broken", "age", between_low, "quarantine"),
        ("second", "broken", "label", in_set, "quarantine"),
    ]
    assert re.findall(r'href="#(\w+)"', page) == ["first", "second", "second"]
    assert re.findall(r'<h2 id="(\w+)">', page) == ["groups", "first", "second"]


def test_a_value_that_breaks_an_expectation_is_named_with_its_image(page):
    shown = "&lt;script&gt;alert(1)&lt;/script&gt; {body}"
    assert ("3", "1", "1", shown) in cells(page)  # value, how often, row of the table, image


def test_what_the_data_say_is_text_in_the_librarys_own_sections_too(page):
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)") > 2
    assert not re.findall(r'(?:src|href)="?[^"#]', page)
    assert "values must belong to this set" in page  # as Great Expectations words it


def test_equal_results_give_equal_bytes(suites, page):
    assert docs(*suites) == page


def test_a_value_without_a_letter_is_not_called_by_the_librarys_word():
    table = pd.DataFrame({"image_id": ["a", "b"], "age": [40, 50], "label": ["", "mel"]})
    words = {"column": "label", "value_set": ["mel"]}
    suite = [expectation("", 0, expectation="expect_column_values_to_be_in_set", kwargs=words)]
    found = run_suite("words", suite, table, {})
    described = NOTHING | {"suites": {"words": describe_result(found)}}
    page = docs({"words": found.library}, described)
    assert "EMPTY" not in page
    assert "(no text)" in page
