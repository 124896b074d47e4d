"""All files of a drafted environment."""

from __future__ import annotations

from pathlib import Path

from dermaflow.data.drafting.conf_text import can_be_written, comment, quote
from dermaflow.data.drafting.draft import Draft
from dermaflow.data.drafting.label_file import render_labels
from dermaflow.data.drafting.source_file import render_source
from dermaflow.io.text import one_line
from dermaflow.params.class_names import LONGEST_NAME
from dermaflow.schema import CLASS_NAMES

# Whose recipe was chosen on real images, to start from.
_RECIPE = Path("conf/ham10000/parameters_train.yml")


def render_files(draft: Draft) -> dict[str, str]:
    """Text of each file by its name in the environment's folder."""
    files = {
        "globals.yml": _render_globals(draft),
        "mlflow.yml": _render_tracking(draft),
        "parameters.yml": _render_size(draft) + _render_names(draft),
        "parameters_ingest.yml": render_source(draft),
        "parameters_labels.yml": render_labels(draft),
        "parameters_validate.yml": _render_limits(draft),
        "parameters_augment.yml": _render_augment(draft),
        "parameters_train.yml": _copy_recipe(draft),
        "parameters_register.yml": _render_register(draft),
        "parameters_promote.yml": _render_promote(draft),
    }
    return {name: text for name, text in files.items() if text}


def _render_globals(draft: Draft) -> str:
    return (
        comment("Root of all that this environment writes.")
        + f"data: {quote(f'data/{draft.request.name}')}\n"
    )


def _render_tracking(draft: Draft) -> str:
    return (
        comment("Where this environment's runs are listed in MLflow.")
        + f"experiment: {quote(f'dermaflow-{draft.request.name}')}\n"
    )


def _render_size(draft: Draft) -> str:
    """The size that images are stored in; the base's where no image could be looked at."""
    if not draft.size:
        return ""
    return (
        comment(f"The size in which images are stored, in pixels: {draft.size.evidence}.")
        + f"image:\n  height: {draft.size.height}\n  width: {draft.size.width}\n"
    )


def _render_names(draft: Draft) -> str:
    """Names of classes of one's own: the word that most of their images have."""
    lines = []
    for code, drafted in draft.classes.classes.items():
        name = one_line(max(drafted.words, key=drafted.words.__getitem__), LONGEST_NAME)
        if code not in CLASS_NAMES and can_be_written(name):
            lines.append(f"  {quote(code, is_key=True)}: {quote(name)}\n")
    if not lines:
        return ""
    text = "What figures and the model's contract call the classes of parameters_labels.yml."
    return comment(text) + "".join(["class_names:\n", *lines])


def _render_limits(draft: Draft) -> str:
    """A question where the base's expectations would stop the run; they hold until then."""
    least = draft.request.least("clean_set", "images")
    if draft.images >= least:
        return ""
    return comment(
        f"{draft.images:,} images have a class, and validate stops below {least}: are there more? "
        "To go on with these, copy the whole suite clean_set of conf/base/parameters_validate.yml "
        "to here, and lower its min_value. So few images tell nothing about a model.",
        asks=True,
    )


def _render_augment(draft: Draft) -> str:
    """Small classes are filled up to between the smallest and the largest."""
    split = draft.request.base.validate_.split
    share = 1 - split.val - split.test
    sizes = [drafted.rows * share for drafted in draft.classes.classes.values()]
    target = round((min(sizes) * max(sizes)) ** 0.5)
    told = f"about {min(sizes):,.0f} to {max(sizes):,.0f} training images a class"
    return (
        comment(f"Classes are filled up to so many with synthetic images; there are {told}.")
        + f"augment:\n  target_count: {max(target, 1)}\n"
    )


def _copy_recipe(draft: Draft) -> str:
    path = draft.request.root / _RECIPE
    if not path.is_file():
        return ""
    return comment(f"A copy of {_RECIPE}, to start from.") + path.read_text(encoding="utf-8")


def _render_register(draft: Draft) -> str:
    return (
        "register:\n"
        + f"  name: {quote(f'dermaflow-{draft.request.name}')}\n"
        + comment("what is the model for, and what not? It goes into its contract", 2, asks=True)
        + "  intended_use: >-\n"
        "    Research. Not a medical device; no diagnosis may rest on its output.\n"
    )


def _render_promote(draft: Draft) -> str:
    """The base's gates ask for figures of melanoma, which not every set can have."""
    if "mel" in draft.classes.classes:
        return ""
    return (
        comment("No class is `mel`, so that there are no figures of it to be asked for.")
        + "promote:\n"
        "  gates: {melanoma_recall: null}\n"
        "  against:\n"
        "    holder: {mel/auc: null}\n"
        "    first_champion: {mel/auc: null}\n"
        "    reported: [balanced_accuracy]\n"
    )
