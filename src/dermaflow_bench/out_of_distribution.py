"""How well a trained model tells pictures of other kinds from those that it was trained for."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from sklearn.metrics import roc_auc_score

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.phantoms.source import Phantoms
from dermaflow.errors import ParameterError
from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.abstention import CONFIDENCE, DISTANCE, OBSERVED, REASON_COLUMN
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.feature_space import FeatureSpace
from dermaflow.ml.evaluation.observe import observe
from dermaflow.ml.evaluation.predictions import reported_parts
from dermaflow.ml.models.classifier import Classifier, load_classifier
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.runtime import detect_runtime
from dermaflow.params.sources import PhantomSource
from dermaflow.schema import logit_columns, probability_columns

# Those of scikit-image's that come with it; the others would be downloaded.
PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins", "grass"),
    *("gravel", "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket"),
    "text",
)
COUNT = 50  # pictures that are drawn of a kind
BLUR = 3.0  # pixels of the network's input, the radius of a Gaussian


@dataclass(frozen=True)
class Trained:
    """What an environment has of a finished evaluation."""

    classifier: Weights
    feature_space: Mapping[str, NDArray[np.float32]]
    rule: DecisionRule
    logits: pd.DataFrame
    store: ImageStore
    seed: int

    @classmethod
    def load(cls, catalog: Any) -> Trained:
        """From a Kedro catalog. Raises ParameterError if the rule asks for no distance."""
        names = ("classifier", "feature_space", "decision_rule", "logits", "image_store")
        classifier, space, rule, logits, store = map(catalog.load, names)
        read = DecisionRule.from_dict(rule)
        if read.abstention is None or read.abstention.feature_space is None:
            raise ParameterError(
                "evaluate.abstention.out_of_distribution: the model measures no distance; set it, "
                "and run the evaluate stage again"
            )
        return cls(classifier, space, read, logits, store, catalog.load("params:seed"))


def compare_kinds(trained: Trained) -> pd.DataFrame:
    """A row a kind of pictures: its AUROC against the test split, and what the rule says of it.

    AUROC is the chance that a picture of the kind scores higher than a test image, by the distance
    in feature space and by 1 - the largest probability; ties count half.

    Returns:
        kind, images, ``auroc_distance``, ``auroc_uncertainty`` (NaN for the test split itself),
        abstained, a share, and the shares by reason.
    """
    parts = {
        name: _judge_table(trained, trained.logits[rows])
        for name, rows in reported_parts(trained.logits).items()
    }
    network = load_classifier(trained.classifier, detect_runtime().device)
    for kind, pixels in draw_kinds(trained, network.preprocess).items():
        parts[kind] = _judge_pixels(trained, network, pixels)
    own = parts["test"]
    return pd.DataFrame([{"kind": kind} | _compare(own, found) for kind, found in parts.items()])


def draw_kinds(trained: Trained, preprocess: Preprocess) -> dict[str, Pixels]:
    """Pictures of each kind at the network's size, uint8 (N, H, W, 3)."""
    rng = numpy_generator(trained.seed, "bench", "out_of_distribution")
    shape = (preprocess.height, preprocess.width, 3)
    colours = rng.integers(0, 256, (COUNT, 1, 1, 3), dtype=np.uint8)
    test = trained.logits.loc[trained.logits["split"] == "test", "image_id"].head(COUNT)
    sharp = trained.store.read(test.tolist())
    blurred = [Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(BLUR)) for pixels in sharp]
    photographs = [preprocess.decode(encode(getattr(skimage.data, n)())) for n in PHOTOGRAPHS]
    return {
        "blank": np.broadcast_to(colours, (COUNT, *shape)).copy(),
        "noise": rng.integers(0, 256, (COUNT, *shape), dtype=np.uint8),
        "blurred test images": np.stack([np.asarray(picture) for picture in blurred]),
        "photographs": np.stack(photographs),
        "phantoms": np.stack([preprocess.decode(drawn) for drawn in draw_phantoms(trained.seed)]),
    }


def draw_phantoms(seed: int) -> Iterator[bytes]:
    """Encoded phantoms, the same number of each class."""
    each = dict.fromkeys(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"), 1 + COUNT // 7)
    params = PhantomSource(kind="phantoms", images=each, images_per_lesion=1, planted_faults=False)
    # Another seed: where phantoms were trained on, these are none of them.
    phantoms = Phantoms(params, seed + 1)
    yield from (phantoms.read(file) for file in phantoms.records()["file"])


def encode(picture: NDArray[Any]) -> bytes:
    """A picture of skimage, as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _judge_table(trained: Trained, logits: pd.DataFrame) -> pd.DataFrame:
    classes = list(trained.classifier.config["classes"])
    values = logits[logit_columns(classes)].to_numpy(np.float32)
    observed = {name: logits[name].to_numpy() for name in OBSERVED if name in logits}
    return _judge(trained, values, observed)


def _judge_pixels(trained: Trained, network: Classifier, pixels: Pixels) -> pd.DataFrame:
    space = FeatureSpace.from_arrays(trained.feature_space)
    batches = np.array_split(pixels, 1 + len(pixels) // 32)
    seen = observe(network, batches, detect_runtime(), trained.rule.views, space)
    return _judge(trained, seen.logits, seen.measures)


def _judge(
    trained: Trained, logits: NDArray[np.float32], observed: Mapping[str, NDArray[Any]]
) -> pd.DataFrame:
    classes = list(trained.classifier.config["classes"])
    answers = trained.rule.answer(logits, classes, observed)
    confidence = answers[probability_columns(classes)].max(axis=1)
    return answers.assign(**{DISTANCE: observed[DISTANCE], CONFIDENCE: confidence})


def _compare(own: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    def auroc(column: str, sign: int) -> float:
        if found is own:
            return float("nan")
        strange = np.repeat([0, 1], [len(own), len(found)])
        return float(roc_auc_score(strange, sign * np.r_[own[column], found[column]]))

    reasons = found[REASON_COLUMN]
    shares = reasons[reasons != ""].value_counts(sort=True) / len(found)
    return {
        "images": len(found),
        "auroc_distance": auroc(DISTANCE, 1),
        "auroc_uncertainty": auroc(CONFIDENCE, -1),
        "abstained": float((reasons != "").mean()),
        "reasons": "; ".join(f"{reason} {share:.0%}" for reason, share in shares.items()),
    }


def tell_kinds(table: pd.DataFrame) -> Iterator[str]:
    """The comparison as lines of a table that Markdown reads."""
    yield "| pictures | number | AUROC, distance | AUROC, uncertainty | not answered | reasons |"
    yield "|---|---|---|---|---|---|"
    for row in table.itertuples():
        aurocs = ("" if np.isnan(v) else f"{v:.3f}" for v in row[3:5])
        cells = [row.kind, row.images, *aurocs, f"{row.abstained:.0%}", row.reasons]
        yield f"| {' | '.join(map(str, cells))} |"
