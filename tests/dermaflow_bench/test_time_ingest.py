"""What is timed is the stage, beside the decoding of the very same files."""

import numpy as np
import pytest

from dermaflow.data.images.image_store import ImageStore
from dermaflow_bench.time_ingest import decode_in_threads, ingest, measure_ingest, read_files


def test_the_timed_ingest_stores_the_images_and_masks_of_the_workload(workload):
    ingest(workload)
    again = ImageStore(workload.folder / "again/image_store")
    ids = workload.images["image_id"].tolist()
    np.testing.assert_array_equal(again.read(ids), workload.store.read(ids))
    masks = ImageStore(workload.folder / "again/mask_store").read(ids)
    assert set(np.unique(masks)) == {0, 255}


def test_nothing_is_taken_over_from_the_turn_before(workload, caplog):
    ingest(workload)
    with caplog.at_level("INFO"):
        ingest(workload)
    assert "16 images stored" in caplog.text
    assert "undecoded" not in caplog.text


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_bare_decoding_is_of_every_file(workload, kind):
    """A pool's errors appear only where its results are taken."""
    files = read_files(workload)
    encoded = getattr(files, kind)
    assert len(encoded) == 16
    encoded[-1] = encoded[-1][:50]
    with pytest.raises(OSError):
        decode_in_threads(files, workload.parameters.image)


def test_the_ratio_is_bare_decoding_over_the_stage_which_does_more(workload):
    comment, *lines = measure_ingest(workload)
    assert "1 pairs of 16 images and 16 masks to 32x32" in comment
    found = dict(line.split(": ") for line in lines)
    assert 0 < float(found["ingest_ceiling_ratio"]) < 1
    assert float(found["ingest_images_per_s"]) > 0
