"""Generated files look like photographs, differ from each other, and are a source."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conf_params import params_of
from dermaflow.pipelines.ingest.nodes import read_records
from dermaflow_bench import generated_images
from dermaflow_bench.generated_images import SIZE, list_generated, write_generated

DRAWN = 5


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder and eight generated files in folders of four, three more than are drawn."""
    folder = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generated_images, "_DISTINCT", DRAWN)
        patch.setattr(generated_images, "_IN_FOLDER", 4)
        return folder, write_generated(folder, 8, seed=3)


def test_generated_files_are_photographs_of_which_no_two_have_equal_bytes(images):
    _, files = images
    contents = [Path(file).read_bytes() for file in files]
    assert len(set(contents)) == len(files)
    assert 20_000 < np.mean([len(content) for content in contents]) < 100_000
    first, other, again = (Image.open(files[number]) for number in (0, 1, DRAWN))
    assert (first.format, first.mode, first.size) == ("JPEG", "RGB", SIZE)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_files_comment_is_its_number(images):
    _, files = images
    assert [Image.open(file).info["comment"] for file in files] == [
        b"%07d" % number for number in range(8)
    ]


def test_generated_files_are_a_source(images, tmp_path):
    folder, files = images
    table = list_generated(files[:6], folder, tmp_path / "t.parquet")
    sources = {"t": table.model_dump()}
    ingest = params_of("ingest", {"train": ["t"], "external": [], "sources": sources})
    records, unlisted = read_records(ingest, params_of("labels"), 1)
    assert [f"{folder}/{name}" for name in records["file"]] == files[:6]
    assert unlisted["t"] == ["0001/0000006.jpg", "0001/0000007.jpg"]
    assert records["image_id"].is_unique
