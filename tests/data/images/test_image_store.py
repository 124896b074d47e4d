"""A store gives back what was put in, whole or not at all, and maps rather than loads."""

import json
import tracemalloc

import numpy as np
import pytest

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.previous_store import PreviousStore

SHAPE = (6, 8, 3)


def picture(value):
    return np.full(SHAPE, value, np.uint8)


def batch(values, shard_images=16, **info):
    """A picture a value; None has no pixels."""
    images = (
        StoredImage(f"id{k}", None if value is None else picture(value), {"k": k, **info})
        for k, value in enumerate(values)
    )
    return ImageBatch(images, SHAPE, shard_images)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 32, 50])
def test_what_is_written_is_read(tmp_path, count):
    write_image_store(tmp_path / "store", batch(range(count)))
    store = ImageStore(tmp_path / "store")
    assert len(store) == count
    assert store.shape == SHAPE
    ids = [f"id{k}" for k in range(count)]
    assert store.read(ids)[:, 0, 0, 0].tolist() == list(range(count))
    assert len(list((tmp_path / "store").glob("shard-*.npy"))) == -(-count // 16)


def test_reading_follows_the_order_asked_for_and_repeats(tmp_path):
    write_image_store(tmp_path / "store", batch(range(40)))
    store = ImageStore(tmp_path / "store")
    assert store.read(["id33", "id2", "id33"])[:, 5, 7, 2].tolist() == [33, 2, 33]
    assert store.take(np.array([16, 15]))[:, 0, 0, 0].tolist() == [16, 15]


def test_pictures_without_pixels_are_in_the_index_alone(tmp_path):
    write_image_store(tmp_path / "store", batch([5, None, 7]))
    store = ImageStore(tmp_path / "store")
    assert store.index["row"].tolist() == [0, -1, 1]
    assert store.index["k"].tolist() == [0, 1, 2]
    assert len(store) == 2
    assert "id0" in store
    assert "id1" not in store
    assert store.read(["id2"])[0, 0, 0, 0] == 7
    with pytest.raises(KeyError):
        store.read(["id1"])


def test_what_is_read_is_a_copy(tmp_path):
    write_image_store(tmp_path / "store", batch([5]))
    store = ImageStore(tmp_path / "store")
    store.read(["id0"])[:] = 99
    assert store.read(["id0"])[0, 0, 0, 0] == 5


def test_shards_are_mapped(tmp_path):
    write_image_store(tmp_path / "store", batch(range(20)))
    assert all(isinstance(shard, np.memmap) for shard in ImageStore(tmp_path / "store")._shards)


def test_files_are_as_small_as_their_pictures(tmp_path):
    write_image_store(tmp_path / "store", batch(range(17), shard_images=16))
    size = (tmp_path / "store" / "shard-00001.npy").stat().st_size
    assert size == np.prod(SHAPE) + 128  # one picture and numpy's header


def test_equal_batches_make_equal_files(tmp_path):
    for name in ("a", "b"):
        write_image_store(tmp_path / name, batch([3, None, 4] * 9, note="x"))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_failure_leaves_the_old_store(tmp_path):
    write_image_store(tmp_path / "store", batch([1, 2]))

    def failing():
        yield StoredImage("new", picture(9))
        raise RuntimeError("the camera fell")

    with pytest.raises(RuntimeError):
        write_image_store(tmp_path / "store", ImageBatch(failing(), SHAPE))
    assert ImageStore(tmp_path / "store").read(["id1"])[0, 0, 0, 0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_new_store_replaces_every_file_of_the_old(tmp_path):
    write_image_store(tmp_path / "store", batch(range(40)))
    write_image_store(tmp_path / "store", batch(range(3)))
    assert len(list((tmp_path / "store").iterdir())) == 3
    assert json.loads((tmp_path / "store" / "meta.json").read_text())["count"] == 3


@pytest.mark.parametrize("wrong", [np.zeros((6, 9, 3), np.uint8), np.zeros(SHAPE, np.float32)])
def test_pictures_of_another_shape_or_type_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"image a: .* the store holds uint8"):
        write_image_store(tmp_path / "store", ImageBatch([StoredImage("a", wrong)], SHAPE))


@pytest.mark.parametrize("again", [False, True], ids=["new", "taken over"])
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path, again):
    """But for the index, of which a row takes much less than its pixels."""
    shape, recipe = (64, 64, 3), {"version": 1}

    def batch(folder):
        known = PreviousStore(folder).matching(recipe, shape)
        images = (image(k, known.find(str(k))) for k in range(count))
        return ImageBatch(images, shape, 64, recipe)

    def image(k, found):
        pixels, info = found or (np.full(shape, k % 256, np.uint8), {"sha256": str(k)})
        return StoredImage(str(k), pixels, info)

    def peak(folder):
        if again:
            write_image_store(folder, batch(folder))
        tracemalloc.start()
        write_image_store(folder, batch(folder))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peaks = []
    for count in (200, 1600):
        # The least of three: when cycles are collected is chance, and makes a megabyte or two.
        peaks.append(min(peak(tmp_path / f"{count}_{turn}") for turn in range(3)))
    few, many = peaks
    assert many - few < (1600 - 200) * 1000  # bytes; the pixels of one picture are 12288


def test_writing_takes_one_picture_at_a_time(tmp_path):
    alive, most = 0, 0

    class Counted(np.ndarray):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def images():
        nonlocal alive, most
        for k in range(200):
            pixels = np.ndarray.__new__(Counted, SHAPE, np.uint8)
            alive += 1
            most = max(most, alive)
            yield StoredImage(str(k), pixels)

    write_image_store(tmp_path / "store", ImageBatch(images(), SHAPE, 16))
    assert most <= 4
