"""What pages share: templates that escape, and pictures as part of the page."""

import base64
import io
import sys

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from dermaflow.reporting.html import embed_figure, embed_pixels, render_template
from dermaflow.reporting.style import new_figure

PACKAGE = "page_of_a_test"
NASTY = "<script>alert('x')</script> & \"quoted\""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a page of its own."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "page.css").write_text('h1 > b::before { content: "é{{"; }\n', "utf-8")
    (folder / "page.html.j2").write_text("<style>{{ style | safe }}</style><p>{{ name }}</p>")
    monkeypatch.syspath_prepend(tmp_path)
    yield PACKAGE
    sys.modules.pop(PACKAGE, None)


def picture(address, kind):
    head, _, content = address.partition(",")
    assert head == f"data:{kind};base64"
    return base64.b64decode(content, validate=True)


def test_data_are_text_and_the_style_stands_as_it_is(package):
    style, _, rest = render_template(package, name=NASTY).partition("</style>")
    assert style == '<style>h1 > b::before { content: "é{{"; }\n'
    assert rest == ("<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;quoted&#34;</p>")


def test_a_name_that_nothing_fills_is_an_error_and_no_gap_in_the_page(package):
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        render_template(package, nom=1)


def drawing(last=2.0):
    figure, axes = new_figure(2, 1.5, "Title")
    axes[0, 0].plot([0, 1], [0, last])
    axes[0, 0].fill_between([0, 1], [0, last])  # clipped, under an id that is drawn
    return figure


def test_a_figure_is_the_same_svg_for_the_same_content_without_a_date():
    first, again, other = (embed_figure(drawing(last)) for last in (2.0, 2.0, 3.0))
    assert first == again != other
    svg = picture(first, "image/svg+xml")
    assert svg.lstrip().startswith(b"<?xml")
    assert svg.rstrip().endswith(b"</svg>")
    assert b"dc:date" not in svg


def test_pixels_keep_their_place_size_and_colour():
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = (250, 10, 10)
    pixels[:, 16:] = (10, 10, 250)
    content = picture(embed_pixels(pixels), "image/jpeg")
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size) == ("JPEG", (32, 16))
    # Eight pixels from the border of the colours, which JPEG blurs.
    shown = np.asarray(image).astype(int)
    assert np.abs(shown[:, :8] - [250, 10, 10]).max() < 12
    assert np.abs(shown[:, 24:] - [10, 10, 250]).max() < 12
