"""The page: whole, safe and without a request."""

import base64
import re
from html.parser import HTMLParser

import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.comparison.compare_runs import compare_runs
from dermaflow.reporting.comparison.comparison_figures import RUN_COLOURS
from dermaflow.reporting.comparison.comparison_page import render_page

HOSTILE = '<script>alert(1)</script> $\\frac$ & "quoted"'


class Page(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def comparison(make_run, predictions):
    parameters = make_run().parameters
    return compare_runs(
        "dermaflow",
        [
            make_run("A", name=HOSTILE, command=HOSTILE, parameters=parameters | {"x": HOSTILE}),
            make_run("B", predictions=predictions(seed=5)),
            make_run(
                "C", scores={}, curves={}, classes=(), predictions=None, missing=("Nothing <b>",)
            ),
        ],
    )


def test_what_a_user_typed_is_text_and_nothing_is_loaded(comparison):
    text = render_page(comparison)
    page = Page(text)
    assert "<script" not in text
    assert page.text.count(HOSTILE) == 3  # name, command, parameter
    assert "Nothing <b>" in page.text
    tags = [tag for tag, _ in page.elements]
    assert not {"script", "link", "iframe", "object"} & set(tags)
    links = [v for _, a in page.elements for k, v in a.items() if k in ("src", "href", "srcset")]
    assert len(links) == 5
    assert all(link.startswith("data:image/svg+xml;base64,") for link in links)
    assert "url(" not in text.replace("default-src", "")
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")


def test_pictures_are_whole_and_described(comparison):
    images = [a for tag, a in Page(render_page(comparison)).elements if tag == "img"]
    for image in images:
        picture = base64.b64decode(image["src"].partition(",")[2]).decode()
        assert picture.rstrip().endswith("</svg>")
        assert len(image["alt"]) > 20


def test_figures_and_what_is_missing_stand_in_the_page(comparison):
    text = re.sub(r"\s+", " ", Page(render_page(comparison)).text)
    difference = comparison.differences[0].estimates["accuracy"]
    assert "0.800 [0.700, 0.900]" in text
    assert f"{difference.value:+.3f}".replace("-", "−") in text
    assert "80 test images of 40 groups in common" in text
    assert "C left no predictions" in text
    assert "took 1 h 02 min" in text


def test_equal_comparisons_give_equal_bytes(comparison):
    assert render_page(comparison) == render_page(comparison)


def test_as_many_runs_as_there_are_colours_can_be_drawn(make_run):
    runs = [make_run(letter) for letter in "ABCDEFG"]
    assert len(runs) == len(RUN_COLOURS)
    assert Page(render_page(compare_runs("dermaflow", runs))).text.count(" − A") >= 6


def test_what_cannot_be_told_is_said_in_the_page(make_run):
    few = Estimate(1.0, 0.34, 1.0, 2).require_groups(10)
    scores = {"mel/recall": few, "accuracy": Estimate(1.0, groups=30, not_estimable=True)}
    text = Page(render_page(compare_runs("e", [make_run("A", scores=scores), make_run("B")]))).text
    text = re.sub(r"\s+", " ", text)
    assert "Melanoma recall insufficient data (2 of 10 groups)" in text
    assert "Accuracy 1.000 interval not estimable" in text
    assert "Insufficient data: fewer than 5 groups" in text
