"""Names that stages share, in one place: the stages' own, and the columns of their tables."""

from __future__ import annotations

from collections.abc import Iterable

# The stages of `kedro run`, in the order of the data: packages under `dermaflow.pipelines`.
STAGES = ("ingest", "validate", "augment", "train", "evaluate", "explain", "register")

# Pipelines that run only when they are asked for, and their stages, which follow those above.
EXTRAS = {"crossval": ("crossval_train", "crossval_evaluate"), "search": ("search",)}

# Whose folds may be trained each by a run of its own.
FOLDS_STAGE = "crossval_train"

# Stages with pictures or pages -> the stage that draws them, right after. Its nodes belong to the
# same pipeline; it has a record of its own, so that a change of drawing makes no data again.
DRAWINGS = {
    stage: f"{stage}_drawing"
    for stage in (
        "validate",
        "augment",
        "train",
        "evaluate",
        "explain",
        "crossval_evaluate",
        "search",
    )
}


def with_drawings(stages: Iterable[str]) -> tuple[str, ...]:
    """Stages in their order, each followed by the one that draws it."""
    return tuple(name for stage in stages for name in (stage, DRAWINGS.get(stage)) if name)


def pipeline_of(stage: str) -> str:
    """The pipeline that a stage's nodes belong to."""
    drawn = {drawing: stage for stage, drawing in DRAWINGS.items()}
    return drawn.get(stage, stage)


ALL_STAGES = with_drawings((*STAGES, *(stage for stages in EXTRAS.values() for stage in stages)))

# What a command without --env works on; `conf/local` only adds to it.
DEFAULT_ENVIRONMENT = "base"

# Variable that names the job that a run belongs to, of an engine that starts stages one by one.
JOB_ID = "DERMAFLOW_JOB_ID"

# Variable that names the address of a DVC remote through which a job's tasks exchange their data.
JOB_REMOTE = "DERMAFLOW_JOB_REMOTE"

# What a source tells of an image; `file` is the name to read it by.
SOURCE_COLUMNS = (
    "image_id",
    "lesion_id",
    "patient_id",
    "label",
    "age",
    "sex",
    "localization",
    "dx_type",
    "image_type",
    "skin_tone",
    "licence",
    "file",
)

# Those that no stage needs: an image is as good without them.
OPTIONAL_COLUMNS = ("age", "sex", "localization", "dx_type", "image_type", "skin_tone", "licence")

# The same with the source's name and what it is for, of ROLES (`raw_records`).
RECORD_COLUMNS = (*SOURCE_COLUMNS, "source", "role")
ROLES = ("train", "external")

# What decoding adds (`raw_manifest`): of the encoded file, the original and the stored pixels.
DECODE_COLUMNS = ("sha256", "width", "height", "brightness", "contrast", "two_greys", "error")

# What validate adds (`manifest`); `data_version` is the same in all rows.
SPLIT_COLUMNS = ("group_id", "split", "fold", "data_version")

# What augment tells of a generated image (`synthetic_manifest`); `generator` is the hash of its
# weights, `noise_index` the place of its noise in the class's seeded stream, `data_version` that of
# the manifest whose training rows it was fitted to.
SYNTHETIC_COLUMNS = (
    "image_id",
    "label",
    "split",
    "source",
    "generator",
    "real_images",
    "noise_index",
    "data_version",
)

SPLITS = ("train", "val", "test")

# Sides of what comes from elsewhere to be tested on: `excluded` shows a lesion that SPLITS hold.
EXTERNAL, EXCLUDED = "external", "excluded"

# Class codes in words: HAM10000's (Tschandl et al. 2018, doi:10.1038/sdata.2018.161), and `ak` and
# `scc`, which the ISIC Archive tells apart.
CLASS_NAMES = {
    "ak": "Actinic keratosis",
    "akiec": "Actinic keratosis / Bowen",  # and intraepithelial carcinoma
    "bcc": "Basal cell carcinoma",
    "bkl": "Benign keratosis",  # solar lentigo, seborrhoeic and lichen planus-like keratosis
    "df": "Dermatofibroma",
    "mel": "Melanoma",
    "nv": "Melanocytic naevus",
    "scc": "Squamous cell carcinoma",
    "vasc": "Vascular lesion",  # angioma, angiokeratoma, pyogenic granuloma, haemorrhage
}

# In every name and title of what comes of folds that divide lesions.
LEAKING = "LEAKING"

# Part of a run's metrics that is to be read first -> what it is of. A run may have several.
RESULTS = {
    "test": "test split",
    "crossval": "cross-validation",
    f"crossval_{LEAKING}": f"{LEAKING} cross-validation by images",
}

# What is shown first of a run, by metric; of all of them more is better.
HEADLINES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_auc": "Macro AUC",
    "macro_f1": "Macro F1",
    "mel/f1": "Melanoma F1",
    "mel/recall": "Melanoma recall",
    "mel/auc": "Melanoma AUC",
}


def probability_columns(classes: list[str]) -> list[str]:
    """Names of the probability columns of ``predictions``: ``p_<class>`` for each class."""
    return [f"p_{code}" for code in classes]


def set_columns(classes: Iterable[str]) -> list[str]:
    """Names of what is said of conformal sets: ``in_set_<class>`` for each class."""
    return [f"in_set_{code}" for code in classes]


def logit_columns(classes: list[str]) -> list[str]:
    """Names of the columns of ``logits``: ``logit_<class>`` for each class."""
    return [f"logit_{code}" for code in classes]
