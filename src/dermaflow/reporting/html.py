"""What the project's pages share: templates that escape, and pictures that are part of the page.

A page needs nothing else: no script, nothing loaded. Its template's policy lets nothing load or
run, and Jinja escapes whatever stands in the data.
"""

from __future__ import annotations

import base64
import io
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image


def render_template(package: str, **content: Any) -> str:
    """Fill ``page.html.j2`` of a package; ``style`` is its ``page.css``."""
    environment = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files(package).joinpath("page.css").read_text("utf-8")
    return environment.get_template("page.html.j2").render(style=style, **content)


def embed_figure(figure: Figure) -> str:
    """A figure as the ``data:`` address of an SVG: sharp at any size, equal for equal content."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "dermaflow"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return _address("image/svg+xml", buffer)


def embed_pixels(pixels: NDArray[np.uint8]) -> str:
    """A picture, uint8 RGB (H, W, 3), as the ``data:`` address of a JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return _address("image/jpeg", buffer)


def _address(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
