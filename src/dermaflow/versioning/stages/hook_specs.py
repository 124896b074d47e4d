"""Hooks that this project adds to Kedro's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kedro.framework.hooks.markers import hook_spec

if TYPE_CHECKING:
    from dermaflow.versioning.stages.workspace import Workspace


class StageSpecs:
    """Called by ``dermaflow.versioning.stages.runner.StageRunner``."""

    @hook_spec
    def before_stages_run(self, workspace: Workspace) -> None:
        """The runner is about to look at the first stage.

        Args:
            workspace: the state of all stages; one for the whole run.
        """

    @hook_spec
    def is_stage_asked(self, stage: str, outputs: dict[str, Path]) -> bool | None:
        """Whether a stage that the run's pipeline holds is to run.

        Args:
            stage: its name.
            outputs: datasets that it saves, and where they are.

        Returns:
            False leaves it out; None says nothing.
        """

    @hook_spec
    def are_outputs_true(self, stage: str, outputs: dict[str, Path]) -> bool | None:
        """Whether what an unchanged stage's outputs say of the world outside is still true.

        Args:
            stage: its name.
            outputs: datasets that it saves, and where they are.

        Returns:
            False makes the stage run again; None says nothing.
        """

    @hook_spec
    def before_stage_run(self, stage: str, part: str) -> None:
        """The stage is about to run.

        Args:
            stage: its name.
            part: what of the stage runs, such as one fold; empty for the stage itself.
        """

    @hook_spec
    def after_stage_run(self, stage: str, outputs: dict[str, Path]) -> None:
        """The stage has run and its outputs are in place.

        Args:
            stage: its name.
            outputs: datasets that it saved, and where they are.
        """

    @hook_spec
    def on_stage_error(self, stage: str, outputs: dict[str, Path]) -> None:
        """The stage failed; what its finished nodes saved is kept apart, for a look.

        Called once with that, and again with what could be drawn of it.

        Args:
            stage: its name.
            outputs: datasets, and where they are now.
        """

    @hook_spec
    def on_pipeline_interrupt(self, error: BaseException) -> None:
        """Ctrl-C or a scheduler's SIGTERM stopped the run, which is no error to Kedro."""
