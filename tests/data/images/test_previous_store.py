"""What the previous store holds is taken over undecoded, and the new bytes tell nothing of it."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaflow.data.images.decoding import decode_image, decode_mask
from dermaflow.data.images.finished_shards import PixelsInShard
from dermaflow.data.images.image_store import ImageBatch, ImageStore, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import NOTHING_KNOWN, PreviousStore

PREPROCESS = Preprocess(24, 32)
BROKEN = b"no image at all"
OPEN_FILES = Path("/proc/self/fd")


def png(value, mode="RGB"):
    buffer = io.BytesIO()
    noise = np.random.default_rng(value).integers(0, 256, (30, 40), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def files_of(*values):
    """Image id -> encoded bytes."""
    return {f"id{value}": png(value) for value in values}


FILES = files_of(*range(10))


def write_store(
    folder,
    files,
    previous=None,
    preprocess=PREPROCESS,
    shard_images=4,
    decode=decode_image,
    channels=3,
    meanwhile=lambda: None,
):
    """Write encoded files as a store; return how many of them were not decoded.

    Args:
        previous: folder of the store that pictures are taken over from.
        meanwhile: called when that one is open and nothing is written yet.
    """
    shape = (preprocess.height, preprocess.width, channels)
    recipe = preprocess.recipe()
    known = PreviousStore(previous).matching(recipe, shape) if previous else NOTHING_KNOWN
    taken_over = 0

    def images():
        nonlocal taken_over
        meanwhile()
        for image_id, encoded in files.items():
            image = decode(image_id, lambda encoded=encoded: encoded, preprocess, known)
            taken_over += isinstance(image.pixels, PixelsInShard)
            yield image

    write_image_store(folder, ImageBatch(images(), shape, shard_images, recipe))
    return taken_over


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def inodes(folder):
    return {path.name: path.stat().st_ino for path in folder.glob("shard-*.npy")}


@pytest.fixture
def store(tmp_path):
    """A store of ten images in shards of four."""
    write_store(tmp_path / "store", FILES)
    return tmp_path / "store"


@pytest.fixture
def write(store, tmp_path):
    """Write over the store; check against a new one; returns how many images were taken over."""

    def write_over(files, **options):
        taken_over = write_store(store, files, previous=store, **options)
        assert write_store(tmp_path / "new", files, **options) == 0
        assert contents(store) == contents(tmp_path / "new")
        return taken_over

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
    assert write(files) == taken_over
    assert len(before.items() & inodes(store).items()) == linked


def test_a_shard_that_moves_is_linked(write, store):
    before = inodes(store)
    assert write(files_of(*range(4, 10))) == 6
    assert inodes(store) == {
        "shard-00000.npy": before["shard-00001.npy"],
        "shard-00001.npy": before["shard-00002.npy"],
    }


@pytest.mark.parametrize("shard_images", [1, 2, 4])
def test_equal_pictures_are_taken_over_wherever_they_lie(write, shard_images):
    files = {**FILES, "twin 0": FILES["id0"], "twin 5": FILES["id5"], "twin 1": FILES["id0"]}
    write(files, shard_images=shard_images)
    assert write(files, shard_images=shard_images) == 13


def test_what_failed_is_tried_again_and_may_come_right(write, store):
    write(FILES | {"id2": BROKEN})
    assert ImageStore(store).index["error"].notna().sum() == 1
    assert write(FILES) == 9
    assert ImageStore(store).index["error"].isna().all()


def test_masks_are_taken_over_too(tmp_path):
    files = {f"id{value}": png(value, "1") for value in range(6)} | {"bare": None}
    options = {"decode": decode_mask, "channels": 1}
    write_store(tmp_path / "store", files, **options)
    assert write_store(tmp_path / "again", files, previous=tmp_path / "store", **options) == 6
    assert contents(tmp_path / "again") == contents(tmp_path / "store")


@pytest.mark.parametrize("shard_images", [3, 8, 16])
def test_other_shards_are_filled_with_the_same_pixels(write, shard_images):
    assert write(FILES, shard_images=shard_images) == 10


@pytest.mark.parametrize(
    "preprocess", [Preprocess(32, 24), Preprocess(24, 32, max_pixels=10_000)], ids=["size", "caps"]
)
def test_other_parameters_take_nothing_over(write, preprocess):
    assert write(FILES, preprocess=preprocess) == 0


@pytest.mark.parametrize("key", ["pillow", "jpeg", "webp", "tiff", "decoding"])
def test_what_other_code_decoded_is_not_taken_over(write, store, key):
    meta = json.loads((store / "meta.json").read_text())
    meta["recipe"][key] = "another"
    (store / "meta.json").write_text(json.dumps(meta))
    assert write(FILES) == 0


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
    assert write(FILES) == left


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"count": 10}'])
def test_a_store_without_a_sound_description_is_replaced(write, store, text):
    (store / "meta.json").write_text(text)
    assert write(FILES) == 0


def test_another_header_of_a_shard_is_not_passed_on(write, store):
    path = store / "shard-00000.npy"
    path.write_bytes(path.read_bytes().replace(b"(4, 24, 32, 3)", b"(4, 32, 24, 3)"))
    assert write(FILES) == 6


@pytest.mark.parametrize("files", [FILES, files_of(*reversed(range(10)))], ids=["linked", "copied"])
def test_a_store_that_another_replaces_meanwhile_is_read_as_it_was_checked(store, tmp_path, files):
    """As ``dvc checkout`` in another terminal does."""

    def replace_first():
        write_store(tmp_path / "other", files_of(*range(20, 30)))
        for path in store.glob("shard-*.npy"):
            (tmp_path / "other" / path.name).replace(path)

    assert write_store(tmp_path / "aside", files, previous=store, meanwhile=replace_first) == 10
    write_store(tmp_path / "new", files)
    assert contents(tmp_path / "aside") == contents(tmp_path / "new")


def test_links_into_a_cache_and_protected_files_are_taken_over(write, store, tmp_path):
    """As DVC leaves them with `cache.type` symlink or hardlink."""
    for path in store.glob("shard-*.npy"):
        cached = path.rename(tmp_path / path.name)
        cached.chmod(0o444)
        path.symlink_to(cached)
    assert write(FILES) == 10
    assert not any(path.is_symlink() for path in store.iterdir())


def test_a_store_elsewhere_is_used_and_left_alone(store, tmp_path):
    before = contents(store)
    assert write_store(tmp_path / "aside", FILES | files_of(10), previous=store) == 10
    assert contents(store) == before


@pytest.mark.parametrize("recipe", [None, PREPROCESS.recipe()], ids=["generated", "decoded"])
def test_only_pictures_with_a_recipe_are_known_afterwards(tmp_path, recipe):
    """Without one nobody knows what they were made from."""
    images = [decode_image("x", lambda: png(1), PREPROCESS)]
    write_image_store(tmp_path / "store", ImageBatch(images, (24, 32, 3), recipe=recipe))
    known = PreviousStore(tmp_path / "store").matching(PREPROCESS.recipe(), (24, 32, 3))
    found = known.find(images[0].info["sha256"])
    assert (found is not None) == (recipe is not None)
    assert found is None or found[1] == images[0].info


def open_shards(folder):
    """Files of shards below a folder that this process holds open."""
    links = [link for link in OPEN_FILES.iterdir() if link.is_symlink()]
    return [path for path in map(os.readlink, links) if path.startswith(f"{folder}/")]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="lists open files by /proc")
@pytest.mark.parametrize("fails", [False, True])
def test_no_file_stays_open(store, tmp_path, fails):
    def meanwhile():
        assert len(open_shards(store)) == 3
        if fails:
            raise RuntimeError("the camera fell")

    for _ in range(3):
        try:
            write_store(tmp_path / "again", FILES, previous=store, meanwhile=meanwhile)
        except RuntimeError:
            assert fails
        assert open_shards(store) == []
