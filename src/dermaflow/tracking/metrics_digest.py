"""The digest by which a model finds the run that made its metrics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

METRICS_TAG = "metrics_digest"  # of a run
METRICS_RUN_TAG = "metrics_run_id"  # of a version: the run that measured it


def metrics_digest(metrics: Mapping[str, Any]) -> str:
    """16 hex digits of a SHA-256 over the content of ``metrics.json``, whatever its order."""
    text = json.dumps(dict(metrics), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
