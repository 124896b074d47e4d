"""A store on a disk that is full, and one that is replaced while it is read."""

import subprocess
import sys
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest

from data.small_disk import needs_mount, run_on_small_disk
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

SHAPE = (32, 32, 3)
IMAGES = 60

WRITE = """
import numpy as np, sys
from dermaflow.data.images.image_store import ImageBatch, StoredImage, write_image_store
def write(folder, value, images):
    pixels = np.full((32, 32, 3), value, np.uint8)
    stored = (StoredImage(f"id{k}", pixels, {"value": value}) for k in range(images))
    write_image_store(folder, ImageBatch(stored, (32, 32, 3), 16))
"""


def write(folder, value, images=IMAGES):
    pixels = np.full(SHAPE, value, np.uint8)
    stored = (StoredImage(f"id{k}", pixels, {"value": value}) for k in range(images))
    write_image_store(folder, ImageBatch(stored, SHAPE, 16))


@needs_mount
@pytest.mark.parametrize("kilobytes", [4, 60, 180])
def test_a_full_disk_is_an_error_that_names_the_store_and_leaves_nothing(tmp_path, kilobytes):
    done = run_on_small_disk(
        tmp_path,
        f"""{WRITE}
from os import listdir
try:
    write({str(tmp_path / "store")!r}, 1, 60)
except OSError as error:
    print(error, listdir({str(tmp_path)!r}))
""",
        kilobytes,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout
    assert str(tmp_path / "store") in done.stdout
    assert done.stdout.endswith(" []\n")


@needs_mount
def test_a_full_disk_leaves_the_old_store_and_takes_the_new_once_there_is_room(tmp_path):
    store = str(tmp_path / "store")
    done = run_on_small_disk(
        tmp_path,
        f"""{WRITE}
import os
from dermaflow.data.images.image_store import ImageStore
write({store!r}, 1, 30)
open({str(tmp_path / "other")!r}, "wb").write(bytes(60_000))
try:
    write({store!r}, 2, 30)
except OSError as error:
    print(ImageStore({store!r}).read(["id29"]).mean())
os.remove({str(tmp_path / "other")!r})
write({store!r}, 2, 30)
print(ImageStore({store!r}).read(["id29"]).mean())
""",
        240,
    )
    assert done.stdout == "1.0\n2.0\n", done.stderr


def test_a_store_that_is_replaced_is_read_to_the_end_as_it_was(tmp_path):
    write(tmp_path / "store", 1)
    store = ImageStore(tmp_path / "store")
    for value, images in ((2, 5), (3, IMAGES)):
        write(tmp_path / "store", value, images)
    assert (store.read([f"id{k}" for k in range(IMAGES)]) == 1).all()
    assert store.index["value"].unique().tolist() == [1]
    assert (ImageStore(tmp_path / "store").read(["id59"]) == 3).all()


def test_a_store_that_lacks_a_file_says_which(tmp_path):
    write(tmp_path / "store", 1)
    (tmp_path / "store/shard-00002.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"store/shard-00002\.npy"):
        ImageStore(tmp_path / "store")


def test_a_reader_beside_a_writer_sees_old_or_new_stores_but_no_mixture(tmp_path):
    write(tmp_path / "store", 0, 1)
    # Each store holds one value, and as many images as its value says.
    writing = f"{WRITE}\nfor k in range(150): write({str(tmp_path / 'store')!r}, k, 1 + k % 50)"
    writer = subprocess.Popen((sys.executable, "-c", writing))
    seen = set()
    while writer.poll() is None:
        store = ImageStore(tmp_path / "store")
        (value,) = store.index["value"].unique().tolist()
        assert len(store) == len(store.index) == 1 + value % 50
        assert (store.take(range(len(store))) == value).all()
        seen.add(value)
    assert writer.returncode == 0
    assert len(seen) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_pickled_store_is_opened_anew_and_never_another(tmp_path):
    write(tmp_path / "store", 1)
    pickled = ForkingPickler.dumps(ImageStore(tmp_path / "store"))
    assert len(pickled) < 2000
    assert (ForkingPickler.loads(pickled).read(["id59"]) == 1).all()
    write(tmp_path / "store", 2)
    with pytest.raises(RuntimeError, match="was replaced"):
        ForkingPickler.loads(pickled)


def test_a_store_of_more_shards_than_files_may_be_open_is_read(tmp_path):
    write(tmp_path / "store", 1, images=640)  # 40 shards
    script = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 256))
from dermaflow.data.images.image_store import ImageStore
print(len(ImageStore({str(tmp_path / "store")!r}).read(["id639"])))
"""
    assert subprocess.check_output((sys.executable, "-c", script), text=True) == "1\n"
