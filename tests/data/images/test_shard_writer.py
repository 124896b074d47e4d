"""Shards are files of numpy's, in the order of the pictures, and linked where they are the same."""

import numpy as np
import pytest

from dermaflow.data.images.finished_shards import FinishedShard, PixelsInShard
from dermaflow.data.images.shard_writer import ShardWriter

SHAPE = (2, 3, 1)


def picture(value):
    return np.full(SHAPE, value, np.uint8)


@pytest.fixture
def write(tmp_path):
    """Write pictures into a new folder; returns the writer, the rows and the folder."""

    def write_into(name, pictures, shard_images=3):
        folder = tmp_path / name
        folder.mkdir()
        with ShardWriter(folder, SHAPE, shard_images) as shards:
            rows = [shards.write(pixels) for pixels in pictures]
            shards.finish()
        return shards, rows, folder

    return write_into


@pytest.fixture
def finished(write):
    """Pictures of a finished store: a shard of 0, 1 and 2, and one of 3 and 4."""
    shards, _, folder = write("finished", map(picture, range(5)))
    opened = [
        FinishedShard(folder / f"shard-0000{k}.npy", hashes, SHAPE, shards.checksums[k])
        for k, hashes in enumerate(["abc", "de"])
    ]
    return [PixelsInShard(opened[k // 3], k % 3) for k in range(5)]


def values(path):
    """The value of each picture in a file."""
    array = np.load(path)
    assert (array.shape[1:], array.dtype) == (SHAPE, np.uint8)
    return array[:, 0, 0, 0].tolist()


def files(folder):
    return {path.name: values(path) for path in sorted(folder.iterdir())}


def test_pictures_lie_in_their_order_and_the_last_shard_is_as_long_as_it_needs(write):
    shards, rows, folder = write("store", map(picture, range(7)))
    assert rows == list(range(7))
    assert shards.count == 7
    assert files(folder) == {
        "shard-00000.npy": [0, 1, 2],
        "shard-00001.npy": [3, 4, 5],
        "shard-00002.npy": [6],
    }


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (3, 1), (6, 2)])
def test_no_shard_is_empty(write, count, expected):
    shards, _, folder = write("store", map(picture, range(count)))
    assert len(files(folder)) == len(shards.checksums) == expected


def test_each_checksum_is_that_of_its_file_and_a_flipped_bit_is_found(write):
    shards, _, folder = write("store", map(picture, range(4)))
    written = zip(sorted(folder.iterdir()), ["abc", "d"], shards.checksums, strict=True)
    for path, hashes, checksum in written:
        shard = FinishedShard(path, hashes, SHAPE, checksum)
        np.testing.assert_array_equal(shard.read(0), picture("abcd".index(hashes[0])))
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not what was written"):
            FinishedShard(path, hashes, SHAPE, checksum)


def test_what_does_not_lie_in_one_piece_of_memory_is_written_by_rows_and_columns(write):
    wide = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    turned = wide.transpose(1, 0, 2)[:, :, 1:]
    assert not turned.flags["C_CONTIGUOUS"]
    _, _, folder = write("store", [turned])
    np.testing.assert_array_equal(np.load(folder / "shard-00000.npy")[0], turned)


def test_a_finished_shard_whose_pictures_come_again_is_linked(write, finished):
    before = write("as new", map(picture, range(5)))
    shards, rows, folder = write("store", finished)
    assert rows == list(range(5))
    origin = folder.parent / "finished"
    for name in ("shard-00000.npy", "shard-00001.npy"):
        assert (folder / name).samefile(origin / name)
    assert shards.checksums == before[0].checksums


@pytest.mark.parametrize(
    ("order", "new"),
    [
        ([0, 2, 1], {}),  # another order
        ([0, 1, 2], {2: 9}),  # a new picture after two that wait
        ([0, 1, 2], {1: 9}),
        ([0, 1, 2], {0: 9}),
        ([0, 1], {}),  # a part
        ([0, 1, 3], {}),  # of two shards
    ],
)
def test_what_is_not_the_whole_of_a_shard_is_copied_in_order(write, finished, order, new):
    pictures = [picture(new[k]) if k in new else finished[slot] for k, slot in enumerate(order)]
    expected = [new.get(k, slot) for k, slot in enumerate(order)]
    shards, rows, folder = write("store", pictures)
    fresh, _, fresh_folder = write("fresh", map(picture, expected))
    assert rows == list(range(len(order)))
    assert files(folder) == {"shard-00000.npy": expected}
    assert shards.checksums == fresh.checksums
    path = folder / "shard-00000.npy"
    assert path.read_bytes() == (fresh_folder / path.name).read_bytes()
    assert path.stat().st_nlink == 1


def test_a_shard_after_a_linked_one_begins_anew(write, finished):
    shards, rows, folder = write("store", [*finished[:3], picture(7), finished[4], picture(8)])
    assert rows == list(range(6))
    assert files(folder) == {"shard-00000.npy": [0, 1, 2], "shard-00001.npy": [7, 4, 8]}
    FinishedShard(folder / "shard-00001.npy", "xyz", SHAPE, shards.checksums[1])


def test_a_failure_closes_the_file(tmp_path):
    shards = ShardWriter(tmp_path, SHAPE, 3)
    with pytest.raises(RuntimeError, match="the camera fell"), shards:
        shards.write(picture(1))
        raise RuntimeError("the camera fell")
    with pytest.raises(ValueError, match="closed file"):
        shards.write(picture(2))
