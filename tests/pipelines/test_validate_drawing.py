"""Pages and pictures of the validate stage, from what the catalog kept of it."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermaflow.data.drift.appearance import APPEARANCE_COLUMNS, EMBEDDING_LENGTH
from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.profile import build_profile
from dermaflow.pipelines.validate.drawing import SAMPLES_SHOWN, create_pipeline
from pipelines.drawings import draw, plain_store
from reporting.artists import pictures, texts

GREYS = {f"i{number:02}": 10 * number for number in range(24)}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validate_drawing")
    return plain_store(folder / "store", GREYS, (16, 16, 3))


def page(output, **inputs):
    """A page, from data sets as they come out of JSON where they are kept so."""
    kept = {
        name: json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value
        for name, value in inputs.items()
    }
    files = draw(create_pipeline(), output, kept)
    assert list(files) == ["index.html"]
    return files["index.html"].decode()


def shown(page):
    """Ids of the images on a page, in its order; each is shown by the pixels of its name."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]*)" alt="(\w+)"', page)
    for content, name in found:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        assert pixels.mean() == pytest.approx(GREYS[name], abs=2)
    return [name for _, name in found]


def test_data_docs_tell_what_was_set_aside():
    report = {
        **{"rows": 3, "unlisted_files": 0, "unusable_masks": 0, "clean": 2, "quarantined": 1},
        "quarantined_by_reason": {"too dark": 1},
        "grouping": {"clinic": {"images": 2, "by_patient": 0, "by_lesion": 2, "alone": 0}},
        "largest_groups": [],
        "lesions_of_several_classes": {"lesions": 0, "of_most_classes": []},
        "suites": {},
    }
    row = {"image_id": "i01", "file": "i01.jpg", "label": "mel", "reason": "too dark"}
    text = page(
        "data_docs",
        suite_results={},
        validation_report=report,
        quarantine=pd.DataFrame([row]),
    )
    assert "3 rows" in text
    assert "<td>i01</td><td>i01.jpg</td><td>mel</td><td>too dark</td>" in text


def profile(images):
    rows = pd.DataFrame(1.0, range(4), ["age", "brightness", "contrast", *APPEARANCE_COLUMNS])
    rows = rows.assign(label="mel", sex=None, localization=None)
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(4, EMBEDDING_LENGTH)).astype(np.float32)
    return build_profile(rows, embeddings, images, (16, 16), 4, rng)


def test_drift_is_shown_with_the_pictures_of_batch_and_reference(store):
    comparison = Comparison(
        name="clinic",
        reference_name="training sources",
        batch=profile(1001),
        reference=profile(2002),
        unusual=["i07", "i03"],
        typical=["i05"],
    )
    text = page(
        "drift_page",
        drift_comparisons=[comparison.model_dump()],
        drift_report={"batches": {"clinic": {"features": {}}}, "suite": {"expectations": []}},
        reference_profile=profile(3003).model_dump(),
        image_store=store,
    )
    assert re.findall(r"([\d,]+) images of 4 lesions", text) == ["3,003", "1,001", "2,002"]
    assert shown(text) == ["i07", "i03", "i05"]


def test_of_duplicates_only_pairs_of_different_lesions_are_shown(store):
    facts = {"label_a": "nv", "label_b": "nv", "agreeing": 31.0, "zoom": 1.0, "turn": 0.0}
    facts |= {"mirrored": False, "decision": "found", "external": False}
    lesions = [("i01", "i02", "l1", "l1"), ("i03", "i04", "l2", "l3"), ("i05", "i06", "l4", "l4")]
    pairs = pd.DataFrame(lesions, columns=["image_a", "image_b", "lesion_a", "lesion_b"])
    report = {
        "pairs_with_external_images": 0,
        "pairs_across_lesions": 1,
        "pairs_within_lesions": 2,
        "lesions_joined": 2,
        "largest_group": 2,
        "label_disagreements": 0,
    }
    text = page(
        "duplicates_page",
        duplicate_pairs=pairs.assign(**facts),
        split_report={"duplicates": report},
        image_store=store,
    )
    assert shown(text) == ["i03", "i04"]


def test_samples_are_a_training_image_a_lesion_and_counts_are_of_all_images(store):
    manifest = pd.DataFrame({"image_id": list(GREYS)})
    number = np.arange(len(manifest))
    manifest["group_id"] = [f"g{n // 2}" for n in number]
    manifest["label"] = np.where(number < 20, "mel", "nv")
    manifest["split"] = np.where(number == 0, "test", "train")  # of the first lesion the second
    inputs = {"manifest": manifest, "image_store": store, "classes": ["df", "nv", "mel"]}
    figures = draw(create_pipeline(), "sample_figures", inputs)
    assert list(figures) == ["01_samples.png"]
    axes = figures["01_samples.png"].axes
    assert [text for panel in axes for text in texts(panel)] == [
        "Dermatofibroma\n0 images",
        "Melanocytic naevus\n4 images",
        "Melanoma\n20 images",
    ]
    greys = [int(pixels.max()) for panel in axes for pixels in pictures(panel)]
    assert greys == [200, 220, 10, *range(20, 20 * SAMPLES_SHOWN, 20)]
    assert len(greys) == 2 + SAMPLES_SHOWN
