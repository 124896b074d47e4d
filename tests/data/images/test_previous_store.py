"""What a replaced store holds is taken over undecoded, and the new bytes tell nothing of it."""

import io
import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from dermaflow.data.images.decoding import decode_image, decode_mask
from dermaflow.data.images.image_store import ImageBatch, ImageStore, write_image_store
from dermaflow.data.images.preprocess import Preprocess

PREPROCESS = Preprocess(24, 32)
BROKEN = b"no image at all"


def png(value, mode="RGB"):
    buffer = io.BytesIO()
    noise = np.random.default_rng(value).integers(0, 256, (30, 40), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def files_of(*values):
    """Image id -> encoded bytes."""
    return {f"id{value}": png(value) for value in values}


FILES = files_of(*range(10))


def batch_of(files, preprocess=PREPROCESS, shard_images=4, decode=decode_image, channels=3):
    def images(old):
        for image_id, encoded in files.items():
            yield decode(image_id, lambda encoded=encoded: encoded, preprocess, old)

    shape = (preprocess.height, preprocess.width, channels)
    return ImageBatch(images, shape, shard_images, preprocess.recipe())


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def inodes(folder):
    return {path.name: path.stat().st_ino for path in folder.glob("shard-*.npy")}


@pytest.fixture
def store(tmp_path):
    """A store of ten images in shards of four."""
    write_image_store(tmp_path / "store", batch_of(FILES))
    return tmp_path / "store"


@pytest.fixture
def write(store, tmp_path, caplog):
    """Write over the store; check against a new one; returns how many images were taken over."""

    def write_over(batch):
        caplog.clear()
        with caplog.at_level("INFO", "dermaflow.data.images.image_store"):
            write_image_store(store, batch)
        write_image_store(tmp_path / "new", batch)
        assert contents(store) == contents(tmp_path / "new")
        found = re.search(r"(\d+) of \d+ images taken over", caplog.text)
        return int(found[1]) if found else 0

    return write_over


@pytest.mark.parametrize(
    ("files", "taken_over", "linked"),
    [
        (FILES, 10, 3),
        (FILES | files_of(10), 10, 2),
        (files_of(0, 1, 2, 3, 4, 20, 5, 6, 7, 8, 9), 10, 1),
        (files_of(0, 1, 2, 3, 5, 6, 7, 8, 9), 9, 1),
        (files_of(*range(8)), 8, 2),
        (FILES | {"id5": png(30)}, 9, 2),
        (FILES | {"id5": BROKEN}, 9, 1),
        (files_of(*reversed(range(10))), 10, 0),
        (files_of(40, 41), 0, 0),
        ({}, 0, 0),
        ({f"other{name}": encoded for name, encoded in FILES.items()}, 10, 3),
        ({**FILES, "twin": FILES["id0"]}, 11, 2),
    ],
    ids=[
        "unchanged",
        "appended",
        "inserted",
        "removed",
        "shortened",
        "changed",
        "broken",
        "reversed",
        "others",
        "none",
        "renamed",
        "twin",
    ],
)
def test_a_store_written_over_another_is_as_a_new_one(write, store, files, taken_over, linked):
    before = inodes(store)
    assert write(batch_of(files)) == taken_over
    assert len(before.items() & inodes(store).items()) == linked


def test_what_failed_is_tried_again_and_may_come_right(write, store):
    write(batch_of(FILES | {"id2": BROKEN}))
    assert ImageStore(store).index["error"].notna().sum() == 1
    assert write(batch_of(FILES)) == 9
    assert ImageStore(store).index["error"].isna().all()


def test_masks_are_taken_over_too(tmp_path, caplog):
    files = {f"id{value}": png(value, "1") for value in range(6)} | {"bare": None}
    batch = batch_of(files, decode=decode_mask, channels=1)
    with caplog.at_level("INFO"):
        for name in ("store", "store", "new"):
            write_image_store(tmp_path / name, batch)
    assert "6 of 6 images taken over" in caplog.text
    assert contents(tmp_path / "store") == contents(tmp_path / "new")


@pytest.mark.parametrize("shard_images", [3, 8, 16])
def test_other_shards_are_filled_with_the_same_pixels(write, shard_images):
    assert write(batch_of(FILES, shard_images=shard_images)) == 10


@pytest.mark.parametrize(
    "preprocess", [Preprocess(32, 24), Preprocess(24, 32, max_pixels=10_000)], ids=["size", "caps"]
)
def test_other_parameters_take_nothing_over(write, preprocess):
    assert write(batch_of(FILES, preprocess)) == 0


@pytest.mark.parametrize("key", ["pillow", "jpeg", "webp", "tiff", "decoding"])
def test_what_other_code_decoded_is_not_taken_over(write, store, key):
    meta = json.loads((store / "meta.json").read_text())
    meta["recipe"][key] = "another"
    (store / "meta.json").write_text(json.dumps(meta))
    assert write(batch_of(FILES)) == 0


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_short, flip_a_bit, lengthen, remove, empty])
@pytest.mark.parametrize(
    ("name", "left"), [("shard-00001.npy", 6), ("index.parquet", 0), ("shard-00002.npy", 8)]
)
def test_nothing_is_taken_from_a_damaged_file(write, store, damage, name, left):
    damage(store / name)
    assert write(batch_of(FILES)) == left


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"count": 10}'])
def test_a_store_without_a_sound_description_is_replaced(write, store, text):
    (store / "meta.json").write_text(text)
    assert write(batch_of(FILES)) == 0


def test_another_header_of_a_shard_is_not_passed_on(write, store):
    path = store / "shard-00000.npy"
    path.write_bytes(path.read_bytes().replace(b"(4, 24, 32, 3)", b"(4, 32, 24, 3)"))
    assert write(batch_of(FILES)) == 6


@pytest.mark.parametrize("files", [FILES, files_of(*reversed(range(10)))], ids=["linked", "copied"])
def test_a_store_that_another_replaces_meanwhile_is_read_as_it_was_checked(store, tmp_path, files):
    """As ``dvc checkout`` in another terminal does."""

    def replace_first(batch):
        def images(old):
            write_image_store(tmp_path / "other", batch_of(files_of(*range(20, 30))))
            for path in store.glob("shard-*.npy"):
                (tmp_path / "other" / path.name).replace(path)
            yield from batch.images(old)

        return replace(batch, images=images)

    write_image_store(tmp_path / "aside", replace_first(batch_of(files)), replaced=store)
    write_image_store(tmp_path / "new", batch_of(files))
    assert contents(tmp_path / "aside") == contents(tmp_path / "new")


def test_links_into_a_cache_and_protected_files_are_taken_over(write, store, tmp_path):
    """As DVC leaves them with `cache.type` symlink or hardlink."""
    for path in store.glob("shard-*.npy"):
        cached = path.rename(tmp_path / path.name)
        cached.chmod(0o444)
        path.symlink_to(cached)
    assert write(batch_of(FILES)) == 10
    assert not any(path.is_symlink() for path in store.iterdir())


def test_a_store_elsewhere_is_used_and_left_alone(store, tmp_path, caplog):
    before = contents(store)
    with caplog.at_level("INFO"):
        write_image_store(tmp_path / "aside", batch_of(FILES | files_of(10)), replaced=store)
    assert "10 of 11 images taken over" in caplog.text
    assert contents(store) == before


def test_generated_images_are_never_taken_over(tmp_path):
    """Without a recipe nobody knows what they were made from."""
    stored = partial(decode_image, preprocess=PREPROCESS)
    for value in (1, 2):
        images = [stored("x", partial(png, value))]
        write_image_store(tmp_path / "store", ImageBatch(images, (24, 32, 3)))
    pixels = ImageStore(tmp_path / "store").read(["x"])[0]
    np.testing.assert_array_equal(pixels, PREPROCESS.decode(png(2)))
