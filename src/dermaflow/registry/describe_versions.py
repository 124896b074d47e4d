"""What is known of each version at a glance: its aliases, figures and last decision."""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from dermaflow.ml.evaluation.estimate import Scores, parts_from_json
from dermaflow.registry.alias_decisions import Recorded
from dermaflow.registry.aliases import alias_holders
from dermaflow.registry.check_files import DIGEST_TAG
from dermaflow.registry.decisions_log import read_decisions
from dermaflow.registry.evidence import FIGURES_FILE
from dermaflow.registry.model_files import EVIDENCE_FOLDER
from dermaflow.registry.model_registry import ModelRegistry
from dermaflow.registry.registered_model import CHALLENGER

logger = logging.getLogger(__name__)

# Of the test split; heading on the screen -> metric.
HEADLINES = {"AUC": "macro_auc", "bal. acc.": "balanced_accuracy", "mel": "mel/recall"}
_SHORT = 8  # characters of a digest or a data version
_TITLES = ("no.", "aliases", "env", "data", *HEADLINES, "digest", "last decision")


@dataclass(frozen=True)
class VersionSummary:
    """A version at a glance; what is not known is empty.

    Attributes:
        version: its number.
        aliases: that it has now.
        environment: whose conf made it.
        data_version: that the model was trained on.
        figures: headline figures of the test split, by metric.
        digest: of its files, when it was registered.
        made: when.
        last: the last decision on it.
    """

    version: str
    aliases: tuple[str, ...]
    environment: str
    data_version: str
    figures: Scores
    digest: str
    made: datetime
    last: Recorded | None

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "version": int(self.version),
            "aliases": list(self.aliases),
            "environment": self.environment,
            "data_version": self.data_version,
            "figures": {
                name: {end: _finite(getattr(figure, end)) for end in ("value", "low", "high")}
                for name, figure in self.figures.items()
            },
            "digest": self.digest,
            "made": self.made.isoformat(timespec="seconds"),
            "last_decision": self.last
            and asdict(self.last.decision)
            | {"time": self.last.time.isoformat(timespec="seconds"), "run_id": self.last.run_id},
        }


def describe_versions(registry: ModelRegistry) -> list[VersionSummary]:
    """All versions, the newest first. Raises RegistryError where there are none."""
    client, versions = registry.client, registry.versions()
    last = {one.decision.version: one for one in read_decisions(client, registry.model)}
    aliases: dict[str, list[str]] = {}
    for alias, number in alias_holders(client, registry.model).items():
        aliases.setdefault(number, []).append(alias)
    order = [*registry.config.aliases, CHALLENGER]
    return [
        _summarise(
            client,
            version,
            sorted(aliases.get(str(version.version), []), key=lambda one: _place(one, order)),
            last.get(str(version.version)),
        )
        for version in reversed(versions)
    ]


def table_rows(summaries: Sequence[VersionSummary]) -> list[list[str]]:
    """Rows of text with their titles; of a version with several aliases each has its own line."""
    rows = [list(_TITLES)]
    for one in summaries:
        aliases = one.aliases or ("",)
        figures = [_figure(one.figures, metric) for metric in HEADLINES.values()]
        decided = f"{one.last.decision.kind} {one.last.time:%Y-%m-%d}" if one.last else ""
        short = [one.data_version[:_SHORT], *figures, one.digest[:_SHORT], decided]
        rows.append([one.version, aliases[0], one.environment, *short])
        rows += [["", alias, *[""] * (len(_TITLES) - 2)] for alias in aliases[1:]]
    return rows


def _place(alias: str, order: Sequence[str]) -> int:
    return order.index(alias) if alias in order else len(order)


def _summarise(
    client: MlflowClient, version: ModelVersion, aliases: Sequence[str], last: Recorded | None
) -> VersionSummary:
    scores = _read_scores(client, version)
    return VersionSummary(
        version=str(version.version),
        aliases=tuple(aliases),
        environment=version.tags.get("environment", ""),
        data_version=version.tags.get("data_version", ""),
        figures={name: scores[name] for name in HEADLINES.values() if name in scores},
        digest=version.tags.get(DIGEST_TAG, ""),
        made=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        last=last,
    )


def _read_scores(client: MlflowClient, version: ModelVersion) -> Scores:
    """Of the test split, by the evidence in the version's folder; empty where it cannot be read.

    One small file of the folder is fetched and not checked: that is for whoever decides.
    """
    try:
        place = client.get_model_version_download_uri(version.name, version.version)
        with tempfile.TemporaryDirectory() as folder:
            file = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{place}/{EVIDENCE_FOLDER}/{FIGURES_FILE}",
                dst_path=folder,
                tracking_uri=client.tracking_uri,
            )
            said = json.loads(Path(file).read_text(encoding="utf-8"))
        return parts_from_json(said["parts"])["test"]
    except Exception as error:  # of any store's library, or of damaged bytes: the list goes on
        logger.debug("No figures of version %s", version.version, exc_info=error)
        return {}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value  # JSON knows no NaN


def _figure(figures: Scores, metric: str) -> str:
    return f"{figures[metric].value:.3f}" if metric in figures else ""
