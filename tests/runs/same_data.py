"""Make a data set and its split from phantoms, and print hashes of all that was decided.

Run as a process of its own, with the environment that the test is about.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from conf_params import params_of
from dermaflow.data.images.image_store import ImageStore, write_image_store
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.pipelines.ingest.nodes import (
    build_raw_manifest,
    decode_images,
    decode_masks,
    describe_images,
    read_records,
)
from dermaflow.pipelines.validate.nodes import find_duplicates, split_manifest

SEED = 7
IMAGES = dict.fromkeys(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"), 10)
INGEST = params_of(
    "ingest", {"sources.phantoms.images": IMAGES, "features.side": 200, "features.keypoints": 200}
)
# So that whatever can be laid over something else is told.
DUPLICATES = params_of("duplicates", {"words": 64, "agreeing": 4, "chance_pairs": 1e9})


def hash_of(content):
    return hashlib.sha256(content).hexdigest()[:16]


def make(folder):
    """What ingest and validate decide, by name."""
    image, validate = params_of("image"), params_of("validate")
    records, _ = read_records(INGEST, params_of("labels"), SEED)
    nothing = PreviousStore(folder / "nothing")
    write_image_store(folder / "images", decode_images(records, INGEST, image, SEED, nothing))
    images = ImageStore(folder / "images")
    masks = decode_masks(records, INGEST, image, SEED, images, nothing)
    write_image_store(folder / "masks", masks)
    batch = describe_images(records, images, INGEST, image, SEED, nothing)
    write_image_store(folder / "features", batch)
    features = ImageStore(folder / "features")
    manifest = build_raw_manifest(records, images)
    clean = manifest[manifest["error"].isna()].drop_duplicates("image_id").reset_index(drop=True)
    pairs = find_duplicates(clean, {"broken": []}, features, validate, DUPLICATES, SEED)
    split, _ = split_manifest(clean, pairs, validate, SEED)
    rows = np.arange(len(images))
    stores = {"pixels": images, "masks": ImageStore(folder / "masks"), "features": features}
    return {
        **{
            name: hash_of(store.take(rows[: len(store)]).tobytes())
            for name, store in stores.items()
        },
        "manifest": hash_of(manifest.to_csv().encode()),
        "pairs": hash_of(pairs.to_csv().encode()),
        "found": len(pairs),
        "split": hash_of(split.to_csv().encode()),
        "data_version": split["data_version"].iloc[0],
    }


if __name__ == "__main__":
    made = make(Path(sys.argv[1]))
    used = {
        "numpy": np.lib.introspect.opt_func_info("add", "float64"),
        "blas": [library.get("architecture") for library in threadpool_info()],
    }
    sys.stdout.write(json.dumps({"made": made, "used": used}) + "\n")
