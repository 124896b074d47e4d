"""Running the nodes of one stage, with its outputs aside."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import Task

from dermaflow.errors import DermaflowError
from dermaflow.io.full_disk import is_full
from dermaflow.schema import DRAWINGS
from dermaflow.versioning.stages.catalog_places import catalog_with
from dermaflow.versioning.stages.workspace import Workspace, is_parameter
from dermaflow.versioning.stages.written_aside import aside, clear, keep_apart, make_room

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KedroRun:
    """What Kedro wants to know of a run, whatever node runs.

    Attributes:
        hook_manager: calls the hooks of nodes and datasets.
        run_id: of the session.
        is_async: load and save in threads.
    """

    hook_manager: Any
    run_id: str | None
    is_async: bool

    def execute(self, node: Node, catalog: Any) -> None:
        """Load a node's inputs, run it and save its outputs."""
        Task(node, catalog, self.is_async, self.hook_manager, self.run_id).execute()


@dataclass
class StageRun:
    """One stage while it runs.

    Attributes:
        kedro: runs the nodes.
        workspace: the environment's stages.
        stage: its name.
        part: the nodes that are to run, all of the stage or some.
        undrawn: node -> why it could not draw; of a stage that makes data always empty, for the
            first node that fails ends it.
    """

    kedro: KedroRun
    workspace: Workspace
    stage: str
    part: Pipeline
    undrawn: dict[str, Exception] = field(default_factory=dict)

    def run(self) -> dict[str, Path]:
        """Run the nodes; returns dataset -> place of the outputs that now lie aside.

        Raises:
            Exception: of the node that failed; what was finished is kept in the stage's failed
                folder, drawn where it can be.
        """
        self.kedro.hook_manager.hook.before_stage_run(stage=self.stage, part="")
        places = self._places()
        make_room(places.values(), self.stage)
        done: list[Node] = []
        try:
            self._run_nodes(places, done)
        except BaseException as error:
            try:
                if isinstance(error, Exception):
                    finished = {name: places[name] for node in done for name in node.outputs}
                    self._keep_failed(finished)
            finally:
                clear(places.values(), self.stage)
            raise
        return {name: places[name] for node in done for name in node.outputs}

    def _places(self) -> dict[str, Path]:
        outputs = {name for node in self.part.nodes for name in node.outputs}
        every = self.workspace.outputs(self.stage)
        return {name: path for name, path in every.items() if name in outputs}

    def _run_nodes(self, places: Mapping[str, Path], done: list[Node]) -> None:
        elsewhere = {name: aside(path, self.stage) for name, path in places.items()}
        catalog = catalog_with(self.workspace.catalog, self.part.datasets(), elsewhere)
        for node in self.part.nodes:
            try:
                self.kedro.execute(node, catalog)
            except Exception as error:
                if self.stage not in DRAWINGS.values() or _is_no_defect_of_drawing(error):
                    raise
                # A picture that cannot be drawn must not cost the others.
                logger.error("%s: %s could not draw: %s", self.stage, _name(node), error)
                logger.debug("Not drawn", exc_info=error)
                self.undrawn[_name(node)] = error
            else:
                done.append(node)

    def _keep_failed(self, finished: Mapping[str, Path]) -> None:
        """Keep what the finished nodes made, and draw the pages that show why the stage failed."""
        folder = self.workspace.failed_folder(self.stage)
        kept = keep_apart(finished, self.stage, folder)
        report = self.kedro.hook_manager.hook.on_stage_error
        report(stage=self.stage, outputs=kept)
        try:
            report(stage=self.stage, outputs=self._draw_failed(kept, folder))
        except Exception as error:  # what made the stage fail is the error to be heard of
            logger.warning("%s: its pages could not be drawn: %s", self.stage, error)
            logger.debug("Not drawn", exc_info=error)

    def _draw_failed(self, kept: Mapping[str, Path], folder: Path) -> dict[str, Path]:
        """Draw what needs nothing of the stage but what it finished; returns where it is."""
        drawing = DRAWINGS.get(self.stage)
        if drawing is None or not kept:
            return {}
        outputs = self.workspace.outputs(drawing).items()
        places = {name: folder / path.name for name, path in outputs}
        nodes = self.workspace.nodes(drawing)
        catalog = catalog_with(self.workspace.catalog, nodes.datasets(), {**places, **kept})
        missing = self.workspace.outputs(self.stage).keys() - kept.keys()
        drawn: dict[str, Path] = {}
        for node in nodes.nodes:
            if _has_inputs(node.inputs, catalog, missing):
                try:
                    self.kedro.execute(node, catalog)
                except Exception as error:
                    logger.warning("%s could not draw: %s", _name(node), error)
                    logger.debug("Not drawn", exc_info=error)
                else:
                    drawn |= {name: places[name] for name in node.outputs}
        return drawn


def _name(node: Node) -> str:
    return getattr(node.func, "__name__", node.name)


def _is_no_defect_of_drawing(error: BaseException | None) -> bool:
    """Whether a full disk, a damaged file, a server or a parameter is at fault, and no figure."""
    while error is not None:
        read_only = isinstance(error, OSError) and error.errno == errno.EROFS
        if is_full(error) or read_only or isinstance(error, DermaflowError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _has_inputs(inputs: Iterable[str], catalog: Any, missing: Iterable[str]) -> bool:
    data = [name for name in inputs if not is_parameter(name)]
    return all(name not in missing and catalog.exists(name) for name in data)
