"""A finished shard gives back its pictures, and only what was checked."""

import numpy as np
import pytest

from dermaflow.data.images.finished_shards import (
    FinishedShard,
    PixelsInShard,
    checksum,
    find_whole_shard,
)
from dermaflow.data.images.image_store import ImageBatch, StoredImage, write_image_store

SHAPE = (2, 3, 1)


@pytest.fixture
def path(tmp_path):
    """A shard of three pictures, of 0, 1 and 2."""
    images = [StoredImage(str(value), np.full(SHAPE, value, np.uint8)) for value in range(3)]
    write_image_store(tmp_path / "store", ImageBatch(images, SHAPE))
    return tmp_path / "store/shard-00000.npy"


def shard_at(path, hashes="abc"):
    # Of this file, numpy's header has 128 bytes; a shard's checksum has the header last.
    content = path.read_bytes()
    (path.parent / "turned").write_bytes(content[128:] + content[:128])
    return FinishedShard(path, hashes, SHAPE, checksum(path.parent / "turned"))


def pictures(*places):
    return [PixelsInShard(shard, slot) for shard, slot in places]


def test_pictures_are_read_by_their_slots(path):
    shard = shard_at(path)
    for slot in (2, 0, 1):
        assert np.array_equal(PixelsInShard(shard, slot).read(), np.full(SHAPE, slot, np.uint8))
    assert PixelsInShard(shard, 0).shape == SHAPE


def test_a_file_with_another_checksum_is_refused(path):
    good = shard_at(path).checksum
    with pytest.raises(ValueError, match=r"shard-00000\.npy is not what was written"):
        FinishedShard(path, "abc", SHAPE, good ^ 1)


@pytest.mark.parametrize("hashes", ["a" * 100, "ab"], ids=["more", "fewer"])
def test_a_file_with_another_number_of_pictures_is_refused(path, hashes):
    good = shard_at(path).checksum
    with pytest.raises((OSError, ValueError)):
        FinishedShard(path, hashes, SHAPE, good)


def test_a_file_that_is_cut_short_after_it_was_checked_is_an_error(path):
    shard = shard_at(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert shard.read(1).max() == 1
    with pytest.raises(OSError, match="was cut short while it was read"):
        shard.read(2)


def test_a_link_is_the_same_file(path, tmp_path):
    shard_at(path).link(tmp_path / "second")
    assert path.samefile(tmp_path / "second")


def test_a_file_that_was_replaced_is_copied_as_it_was_checked(path, tmp_path):
    before, shard = path.read_bytes(), shard_at(path)
    (tmp_path / "other").write_bytes(b"another")
    (tmp_path / "other").replace(path)
    shard.link(tmp_path / "second")
    assert (tmp_path / "second").read_bytes() == before


def test_a_whole_shard_is_all_its_pictures_in_their_order(path):
    shard, twin = shard_at(path, "abc"), shard_at(path, "xya")
    assert find_whole_shard(pictures((shard, 0), (shard, 1), (shard, 2))) is shard
    assert find_whole_shard(pictures((shard, 0), (shard, 1))) is None
    assert find_whole_shard(pictures((shard, 1), (shard, 0), (shard, 2))) is None
    # The first picture was found in another shard, where it lies again.
    assert find_whole_shard(pictures((twin, 2), (shard, 1), (shard, 2))) is shard
    assert find_whole_shard(pictures((twin, 0), (shard, 1), (shard, 2))) is None
