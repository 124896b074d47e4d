"""The least that ingest's result needs is done, of every file, and JPEGs at a fraction."""

import io

import numpy as np
import pytest
from PIL import Image

from dermaflow.io.processors import processors
from dermaflow_bench.bare_decoding import Ceiling, decode_bare, loop


@pytest.fixture(scope="module")
def photograph():
    """A JPEG of 600 x 450 pixels, which takes time to be decoded whole."""
    noise = np.random.default_rng(0).integers(0, 256, (450, 600, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def test_decoding_at_a_fraction_takes_less_time(photograph, tmp_path):
    (tmp_path / "photograph.jpg").write_bytes(photograph)
    files = [str(tmp_path / "photograph.jpg")] * 5
    whole = min(loop(files, (32, 24), reduced=False).cpu for _ in range(3))
    reduced = min(loop(files, (32, 24), reduced=True).cpu for _ in range(3))
    assert reduced < whole


def test_pixels_are_decoded_to_the_end(photograph):
    """Pillow reads no more than the header until pixels are asked for."""
    with pytest.raises(OSError):
        decode_bare(photograph[: len(photograph) // 2], (32, 24))


def test_the_ceiling_decodes_every_file_whichever_process_has_it(photograph, tmp_path):
    (tmp_path / "whole.jpg").write_bytes(photograph)
    (tmp_path / "torn.jpg").write_bytes(photograph[:100])
    whole, torn = str(tmp_path / "whole.jpg"), str(tmp_path / "torn.jpg")
    files = [whole] * (processors() + 1)
    with Ceiling((16, 12)) as ceiling:
        cost = ceiling.run(files)
        assert cost.cpu > 0
        assert cost.wall > 0
        for place in range(len(files)):
            with pytest.raises(OSError):
                ceiling.run([*files[:place], torn, *files[place + 1 :]])
