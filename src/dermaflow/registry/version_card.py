"""The description of a version: what it is, how well it does, and what it may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dermaflow.io.text import one_line
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import format_estimate
from dermaflow.registry.evidence import Evidence
from dermaflow.schema import CLASS_NAMES, HEADLINES
from dermaflow.tracking.run_description import headline_table

LONGEST = 5000  # characters that MLflow's database takes
_LOOKS = "- **decisions on this test set:**"
_LONGEST_TEXT = 1000  # of intended use, and of limitations
_FIRST = ("balanced_accuracy", "macro_auc", "mel/recall")  # in the list of versions


def describe_version(
    contract: Mapping[str, Any], evidence: Evidence, tags: Mapping[str, str], digest: str
) -> str:
    """Markdown of at most ``LONGEST`` characters; its first line is for the list of versions.

    Args:
        contract: see ``dermaflow.serving.contract``.
        evidence: what is known of the model.
        tags: of the version.
        digest: of its files.
    """
    test = evidence.parts["test"]
    named = [
        f"{code} ({CLASS_NAMES[code]})" if code in CLASS_NAMES else code
        for code in evidence.classes
    ]
    facts = {
        "environment": f"`{evidence.environment}`",
        "data version": f"`{evidence.data_version}`",
        "data": tags.get("data_source", ""),
        "licence of the data": tags.get("data_licence", ""),
        "tested on": _tested(evidence.parts),
        "classes": ", ".join(named),
        "code": f"`{tags.get('code_version', 'unknown')}`",
        "measured by run": f"`{evidence.metrics_run}`",
        "digest of the files": f"`{digest}`",
    }
    lines = [
        f"{evidence.environment}, data {evidence.data_version}: {_summary(test)}",
        "",
        headline_table(test, "test"),
        *(
            f"- **{name}:** {one_line(value, _LONGEST_TEXT // 2)}"
            for name, value in facts.items()
            if value
        ),
        "",
        f"**Intended use.** {one_line(contract.get('intended_use', ''), _LONGEST_TEXT)}",
        "",
        f"**Limitations.** {one_line(contract.get('limitations', ''), _LONGEST_TEXT)}",
    ]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def note_looks(card: str, looks: int) -> str:
    """The card with the number of decisions that were judged on the version's test set.

    The more often a test set decides, the less it tells of new patients.
    """
    lines = [line for line in card.splitlines() if not line.startswith(_LOOKS)]
    facts = [place for place, line in enumerate(lines) if line.startswith("- **")]
    lines.insert(facts[-1] + 1 if facts else len(lines), f"{_LOOKS} {looks}")
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else card


def _summary(scores: Scores) -> str:
    known = [f"{_title(name)} {format_estimate(scores[name])}" for name in _FIRST if name in scores]
    return ", ".join(known) or "nothing measured"


def _title(name: str) -> str:
    title = HEADLINES[name]
    return f"{title[0].lower()}{title[1:]}"


def _tested(parts: Mapping[str, Scores]) -> str:
    """How many images of each part."""
    counts = {part: scores["images"].value for part, scores in parts.items() if "images" in scores}
    return ", ".join(f"{part} ({count:.0f} images)" for part, count in counts.items())
