"""What is measured on: files and a store of a bounded number of sound, known images."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from conf_params import params_of
from dermaflow_bench.workload import prepare_workload


def test_phantoms_become_files_that_are_bounded_and_sound(workload):
    (source,) = workload.parameters.ingest.train
    assert workload.parameters.ingest.external == []
    assert workload.parameters.ingest.sources[source].kind == "table"
    assert len(workload.images) == len(workload.store) == 16
    assert set(workload.images["label"]) <= set(workload.parameters.labels.classes)
    info = workload.store.index
    assert info["error"].isna().all()
    assert set(info["width"]) == {96}


def test_images_without_pixels_or_a_known_class_are_left_out(parameters, configure, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(buffer, "PNG")
    for name in ("good", "wart", "beyond"):
        (images / f"{name}.png").write_bytes(buffer.getvalue())
    (images / "torn.png").write_bytes(buffer.getvalue()[:30])
    rows = [("good", "mel"), ("torn", "mel"), ("good", "mel"), ("wart", "wart"), ("beyond", "mel")]
    table = pd.DataFrame(rows, columns=["image_id", "label"])
    table["file"] = table["image_id"] + ".png"
    table.to_csv(tmp_path / "list.csv", index=False)
    clinic = {
        "kind": "table",
        "table": str(tmp_path / "list.csv"),
        "images": str(images),
        "columns": {name: name for name in table.columns},
        "licence": "none",
    }
    ingest = params_of("ingest", {"train": ["clinic"], "external": [], "sources.clinic": clinic})
    asked = parameters.model_copy(update={"ingest": ingest})
    found = prepare_workload(asked, configure({"images": 4}), tmp_path)
    assert found.images.to_numpy().tolist() == [["good", "mel"]]
    assert sorted(found.store.index["image_id"]) == ["good", "torn", "wart"]


def test_images_are_preprocessed_as_the_train_stage_does_it(workload):
    train = workload.parameters.train.model_copy(update={"colour_constancy": 6.0})
    changed = workload.parameters.model_copy(update={"train": train})
    preprocess = type(workload)(
        changed, workload.config, workload.folder, workload.store, workload.images
    ).preprocess
    assert (preprocess.height, preprocess.width) == (32, 32)
    assert preprocess.colour_constancy == 6.0
