"""The page of pairs."""

import numpy as np
import pandas as pd

from dermaflow.reporting.duplicates.duplicates_page import render_pairs

REPORT = {
    "pairs_with_external_images": 0,
    "pairs_across_lesions": 2,
    "pairs_within_lesions": 7,
    "lesions_joined": 3,
    "largest_group": 4,
    "label_disagreements": 1,
}


def pair(**values):
    facts = {
        "image_a": "a", "image_b": "b", "lesion_a": "l1", "lesion_b": "l2", "label_a": "nv",
        "label_b": "mel", "agreeing": 31.0, "zoom": 1.52, "turn": -88.0, "mirrored": True,
        "decision": "found", "external": False,
    }  # fmt: skip
    return facts | values


def read(image_id):
    return np.full((6, 8, 3), 120, np.uint8)


def test_a_pair_is_shown_with_both_pictures_and_how_they_lie():
    page = render_pairs(pd.DataFrame([pair()]), REPORT, read)
    assert page.count('src="data:image/jpeg;base64,') == 2
    assert "31 features agree, zoomed 1.5 times, turned by 88°, mirrored" in page
    assert '<span class="differs">nv · mel</span>' in page
    assert "They join 3 lesions" in page


def test_pairs_with_an_external_image_are_counted_and_marked():
    page = render_pairs(pd.DataFrame([pair()]), REPORT, read)
    assert "external" not in page
    report = REPORT | {"pairs_with_external_images": 5}
    page = render_pairs(pd.DataFrame([pair(external=True)]), report, read)
    assert "Another 5 pairs are of an external image" in page
    assert "nv · mel · external</span>" in page


def test_names_cannot_become_part_of_the_page():
    page = render_pairs(pd.DataFrame([pair(image_a="<script>x</script>")]), REPORT, read)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_decided_pairs_say_so_and_a_pair_nobody_found_has_no_figures():
    unfound = pair(agreeing=np.nan, zoom=np.nan, turn=np.nan, mirrored=np.nan, decision="same")
    page = render_pairs(pd.DataFrame([pair(decision="different"), unfound]), REPORT, read)
    assert "decided: different" in page
    assert "not found, but said to be the same; decided: same" in page


def test_a_long_list_is_cut_and_the_rest_counted():
    page = render_pairs(pd.DataFrame([pair()] * 503), REPORT, read)
    assert page.count("<figure") == 500
    assert "and 3 more in the table" in page


def test_no_pairs_are_said_to_be_none():
    page = render_pairs(pd.DataFrame([pair()]).iloc[:0], REPORT, read)
    assert "Nothing was found." in page
