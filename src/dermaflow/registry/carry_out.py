"""Carrying out a decision: its record, the alias, and the command that is told of it."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from datetime import UTC, datetime

from mlflow.exceptions import MlflowException

from dermaflow.io.hook_command import run_hook_command
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line
from dermaflow.registry.alias_decisions import Decision, count_looks
from dermaflow.registry.aliases import move_alias
from dermaflow.registry.decisions_log import read_decisions, recording
from dermaflow.registry.model_registry import ModelRegistry
from dermaflow.registry.version_card import note_looks

logger = logging.getLogger(__name__)

DECISION_TAG = "decision"  # of a version: the last one in short; the log has them all
_TOLD = "DERMAFLOW_DECISION_RUN"
_SHOWN = 300  # characters of another's error


def carry_out(registry: ModelRegistry, decision: Decision) -> str:
    """Record a decision and move its alias, which the caller keeps others from moving.

    Returns:
        Id of the decision's run.

    Raises:
        BusyError: another host moved the alias; the record says that nothing came of it.
        RegistryError: the log was deleted.
    """
    with recording(registry.client, registry.tracking, decision) as run_id:
        if decision.kind != "refused":
            to = None if decision.kind == "demoted" else decision.version
            move_alias(registry.client, decision.model, decision.alias, to, decision.holder_before)
    try:
        _show_on_version(registry, decision)
    except MlflowException as error:  # the alias and the log are right
        logger.warning("The version does not show it: %s", one_line(redact(str(error)), _SHOWN))
    return run_id


def _show_on_version(registry: ModelRegistry, decision: Decision) -> None:
    """Set the version's tag, and count on its card how often its test set has decided."""
    client, name, number = registry.client, decision.model, decision.version
    said = f"{decision.summary}, {datetime.now(UTC):%Y-%m-%d}"
    client.set_model_version_tag(name, number, DECISION_TAG, said)
    if decision.test_set:
        looks = count_looks(read_decisions(client, name), decision.test_set)
        card = client.get_model_version(name, number).description or ""
        client.update_model_version(name, number, note_looks(card, looks))


def tell_hook(registry: ModelRegistry, decision: Decision, run_id: str) -> None:
    """Run the command of ``after_decision``, if there is one. Its failure is a warning.

    Call it without the lock: the command may take a while, and may ask the registry. A command of
    ours that it gives does not call it again.
    """
    config = registry.config
    if not config.hook or _TOLD in os.environ:
        return
    said = asdict(decision) | {"run_id": run_id, "summary": decision.summary}
    variables = {
        "DERMAFLOW_DECISION": decision.kind,
        "DERMAFLOW_MODEL": decision.model,
        "DERMAFLOW_VERSION": decision.version,
        "DERMAFLOW_ALIAS": decision.alias,
        _TOLD: run_id,
    }
    problem = run_hook_command(
        config.hook,
        registry.project_path,
        os.environ | variables,
        config.after_decision_seconds,
        f"{json.dumps(said)}\n",
    )
    if problem:
        logger.warning("The command of after_decision (registry.yml): %s", problem)
