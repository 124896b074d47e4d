"""From files to manifest and stores, with everything that goes wrong on the way."""

import io
import os

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import ParquetDataset
from PIL import Image

from conf_params import params_of
from dermaflow.data.images.image_store import ImageStore, write_image_store
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.datasets import ImageStoreDataset, PreviousStoreDataset
from dermaflow.errors import SourceError
from dermaflow.pipelines.ingest import create_pipeline
from dermaflow.pipelines.ingest.nodes import (
    build_raw_manifest,
    decode_images,
    list_classes,
    read_records,
)
from dermaflow.schema import DECODE_COLUMNS, RECORD_COLUMNS

REAL = os.environ.get("DERMAFLOW_HAM10000_DIR")
SCHEMES = {"two": {"nv": ["Nevus"], "mel": ["Melanoma"]}, "other": {"mel": [], "bcc": []}}
LABELS = params_of("labels", {"scheme": "two", "schemes": SCHEMES})
IMAGE = params_of("image", {"height": 32, "width": 48, "max_pixels": 10**6})


def png(colour, size=(96, 64)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def table_ingest(tmp_path):
    """A clinic's table with a fault of each kind."""
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    (images / "good.png").write_bytes(png((10, 20, 30)))
    (images / "other.png").write_bytes(png((90, 90, 90), (64, 96)))
    (images / "page.jpg").write_bytes(b"<html>no such picture</html>")
    (images / "big.png").write_bytes(png((1, 1, 1), (1100, 1000)))
    (images / "stray.png").write_bytes(png((1, 1, 1)))
    (tmp_path / "secret.png").write_bytes(png((1, 1, 1)))
    (masks / "good.png").write_bytes(png((255, 255, 255)))
    (masks / "other.png").write_bytes(b"torn")
    rows = [
        ("good", "good.png"),
        ("other", "other.png"),
        ("page", "page.jpg"),
        ("big", "big.png"),
        ("gone", "gone.png"),
        ("outside", "../secret.png"),
        ("nameless", ""),
        ("good", "other.png"),
        ("", "good.png"),
    ]
    table = pd.DataFrame(rows, columns=["id", "file"]).assign(dx="nv")
    table.to_csv(tmp_path / "list.csv", index=False)
    return {
        "train": "clinic",
        "external": [],
        "sources": {
            "clinic": {
                "kind": "table",
                "table": str(tmp_path / "list.csv"),
                "images": str(images),
                "masks": str(masks),
                "columns": {"image_id": "id", "file": "file", "label": "dx"},
                "licence": "internal",
            }
        },
        "shard_images": 16,
    }


STORES = ("image_store", "mask_store", "picture_features")


def run_stage(folder, ingest, seed=17, image=IMAGE):
    """Run the stage into ``folder`` and load what it wrote."""
    catalog = DataCatalog(
        {
            "raw_records": ParquetDataset(filepath=str(folder / "raw_records.parquet")),
            "raw_manifest": ParquetDataset(filepath=str(folder / "raw_manifest.parquet")),
            "classes": JSONDataset(filepath=str(folder / "classes.json")),
            "unlisted_files": JSONDataset(filepath=str(folder / "unlisted.json")),
        }
        | {name: ImageStoreDataset(filepath=str(folder / name)) for name in STORES}
        | {f"previous_{name}": PreviousStoreDataset(filepath=str(folder / name)) for name in STORES}
    )
    catalog["params:ingest"] = params_of("ingest", ingest)
    catalog["params:image"] = image
    catalog["params:labels"] = LABELS
    catalog["params:seed"] = seed
    SequentialRunner().run(create_pipeline(), catalog)
    return {name: catalog.load(name) for name in catalog if not name.startswith("params:")}


def test_classes_are_those_of_the_scheme_in_use_in_its_own_order():
    """Which is the order of the network's outputs."""
    assert list_classes(LABELS) == ["nv", "mel"]


def test_every_fault_keeps_its_row_and_has_a_reason(tmp_path, table_ingest):
    manifest = run_stage(tmp_path / "out", table_ingest)["raw_manifest"]
    assert tuple(manifest.columns) == RECORD_COLUMNS + DECODE_COLUMNS
    errors = manifest["error"].astype(object).where(manifest["error"].notna(), None)
    assert dict(zip(manifest["image_id"].iloc[:7], errors, strict=False)) == {
        "good": None,
        "other": None,
        "page": "not a JPEG, PNG, BMP, TIFF or WebP image, but a web page",
        "big": "image larger than 1000000 pixels",
        "gone": "no such file inside the folder",
        "outside": "no such file inside the folder",
        "nameless": "the row names no file",
    }
    assert errors.tolist()[7:] == [None, "no image_id"]
    assert manifest["image_id"].tolist().count("good") == 2


def test_good_images_tell_of_original_and_stored_pixels(tmp_path, table_ingest):
    out = run_stage(tmp_path / "out", table_ingest)
    good, other = out["raw_manifest"].iloc[0], out["raw_manifest"].iloc[1]
    assert (good["width"], good["height"]) == (96, 64)
    assert (other["width"], other["height"]) == (64, 96)
    assert good["brightness"] == round(0.299 * 10 + 0.587 * 20 + 0.114 * 30)
    assert good["contrast"] == 0
    assert len(good["sha256"]) == 64
    assert out["unlisted_files"] == {"clinic": ["stray.png"]}


def test_stores_hold_the_pixels_of_what_could_be_decoded(tmp_path, table_ingest):
    out = run_stage(tmp_path / "out", table_ingest)
    images, masks = out["image_store"], out["mask_store"]
    assert (images.shape, masks.shape) == ((32, 48, 3), (32, 48, 1))
    assert images.read(["good", "other"])[:, 5, 5].tolist() == [[10, 20, 30], [90, 90, 90]]
    assert len(images) == 2
    assert len(masks) == 1
    index = masks.index.set_index("image_id")
    assert index.loc["good", "mask_area"] == 1
    assert "not a JPEG" in index.loc["other", "error"]
    assert index.loc["page", ["mask_area", "error"]].isna().all()


def test_the_same_source_makes_the_same_bytes(tmp_path, table_ingest):
    run_stage(tmp_path / "a", table_ingest)
    run_stage(tmp_path / "b", table_ingest)
    files = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 6
    for path in files:
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes(), path.name


def test_a_second_run_decodes_nothing_and_makes_the_same_bytes(tmp_path, table_ingest, caplog):
    run_stage(tmp_path / "out", table_ingest)
    first = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    inodes = {path: path.stat().st_ino for path in first if path.suffix == ".npy"}
    with caplog.at_level("INFO", "dermaflow.pipelines.ingest.nodes"):
        run_stage(tmp_path / "out", table_ingest)
    assert "2 of 2 images taken over undecoded" in caplog.text
    assert "1 of 1 images taken over undecoded" in caplog.text
    assert {path: path.read_bytes() for path in first} == first
    assert {path: path.stat().st_ino for path in inodes} == inodes


def test_features_are_those_of_the_original_whatever_size_images_are_stored_at(
    tmp_path, table_ingest, caplog
):
    """Images of another size are decoded again, but their features are not looked for again."""
    rng = np.random.default_rng(0)
    for name in ("good.png", "other.png"):
        pixels = rng.integers(0, 255, (8, 12, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1)
        Image.fromarray(pixels).save(tmp_path / "images" / name)
    first = run_stage(tmp_path / "out", table_ingest)["picture_features"]
    other = params_of("image", {"height": 64, "width": 64, "max_pixels": 10**6})
    with caplog.at_level("INFO", "dermaflow.pipelines.ingest.nodes"):
        second = run_stage(tmp_path / "out", table_ingest, image=other)["picture_features"]
    assert caplog.messages.count("2 of 2 images taken over undecoded") == 1  # the features
    alone = run_stage(tmp_path / "alone", table_ingest, image=other)["picture_features"]
    side = params_of("ingest")
    assert first.shape == (side.features.keypoints, 136, 1)
    assert first.index["features"].gt(20).all()
    for store in (second, alone):
        pd.testing.assert_frame_equal(store.index, first.index)
        np.testing.assert_array_equal(store.take([0, 1]), first.take([0, 1]))


def test_features_are_those_of_images_that_are_stored(tmp_path, table_ingest):
    out = run_stage(tmp_path / "out", table_ingest)
    features, images = out["picture_features"].index, out["image_store"].index
    stored = images[images["row"] >= 0]
    assert features["image_id"].tolist() == stored["image_id"].tolist() == ["good", "other"]
    assert features["sha256"].tolist() == stored["sha256"].tolist()
    nothing = {**table_ingest, "sources": {"clinic": table_ingest["sources"]["clinic"]}}
    for name in ("good.png", "other.png"):
        (tmp_path / "images" / name).write_bytes(b"torn")
    assert len(run_stage(tmp_path / "none", nothing)["picture_features"]) == 0


def test_pictures_are_read_as_the_batch_is_consumed(tmp_path, table_ingest):
    ingest = params_of("ingest", table_ingest)
    records, _ = read_records(ingest, LABELS, 17)
    batch = decode_images(records, ingest, IMAGE, 17, PreviousStore(tmp_path / "none"))
    (tmp_path / "images/other.png").write_bytes(png((1, 2, 3)))
    write_image_store(tmp_path / "store", batch)
    assert ImageStore(tmp_path / "store").read(["other"])[0, 5, 5].tolist() == [1, 2, 3]


def test_nodes_leave_their_inputs_alone(tmp_path, table_ingest):
    ingest = params_of("ingest", table_ingest)
    records, _ = read_records(ingest, LABELS, 17)
    before = records.copy()
    previous = PreviousStore(tmp_path / "s")
    write_image_store(tmp_path / "s", decode_images(records, ingest, IMAGE, 17, previous))
    build_raw_manifest(records, ImageStore(tmp_path / "s"))
    pd.testing.assert_frame_equal(records, before)


def test_an_empty_table_is_refused(tmp_path, table_ingest):
    (tmp_path / "list.csv").write_text("id,file,dx\n")
    with pytest.raises(SourceError, match=r"lists no image \(see ingest\.sources\.clinic\)"):
        read_records(params_of("ingest", table_ingest), LABELS, 17)


def test_phantoms_pass_and_their_planted_faults_do_not(tmp_path):
    classes = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    ingest = {
        "train": "phantoms",
        "external": [],
        "sources": {
            "phantoms": {
                "kind": "phantoms",
                "images": dict.fromkeys(classes, 3),
                "images_per_lesion": 1.5,
                "planted_faults": True,
            }
        },
        "shard_images": 16,
    }
    out = run_stage(tmp_path / "out", ingest)
    manifest, store = out["raw_manifest"], out["image_store"]
    sound = manifest[manifest["error"].isna()]
    assert set(classes) <= set(sound["label"])
    assert 0 < manifest["error"].notna().sum() < 10
    assert out["unlisted_files"]["phantoms"]
    pixels = store.read(sound["image_id"].drop_duplicates().tolist())
    assert np.median(pixels.std((1, 2))) > 5
    areas = out["mask_store"].index["mask_area"].dropna()
    assert areas.between(0.01, 0.9).mean() > 0.9


@pytest.mark.skipif(not REAL, reason="DERMAFLOW_HAM10000_DIR is not set")
def test_real_images_pass(tmp_path):
    ingest = {
        "train": "ham10000",
        "external": [],
        "sources": {"ham10000": {"kind": "ham10000", "folder": REAL, "limit": 70}},
        "shard_images": 64,
    }
    out = run_stage(tmp_path / "out", ingest)
    manifest = out["raw_manifest"]
    assert len(manifest) == 70
    assert manifest["label"].nunique() == 7
    assert manifest["error"].isna().all()
    assert manifest["brightness"].between(60, 240).all()
    assert len(out["image_store"]) == 70
