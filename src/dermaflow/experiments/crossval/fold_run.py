"""A run of one fold, for machines and engines that train the folds side by side."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline

from dermaflow.errors import BusyError, ParameterError
from dermaflow.experiments.crossval.collect_folds import collect_folds, decisive
from dermaflow.experiments.crossval.folds import fold_name, require_folds
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import CrossvalParams
from dermaflow.schema import FOLDS_STAGE
from dermaflow.versioning.stages.catalog_places import catalog_with
from dermaflow.versioning.stages.runner import StageRunner
from dermaflow.versioning.stages.stage_run import KedroRun
from dermaflow.versioning.stages.stages_of_run import StagesOfRun
from dermaflow.versioning.stages.workspace import Workspace

logger = logging.getLogger(__name__)

_PARAMETERS, _FOLDER = "params:crossval", "crossval_checkpoints"


class FoldRunner(StageRunner):
    """Trains one fold, and leaves it where the stage of all folds takes it over.

    Args:
        fold: its number, from 1.
        is_async: see Kedro.
        if_running: see ``StageRunner``.
    """

    def __init__(self, fold: int, is_async: bool = False, if_running: str = "fail") -> None:
        super().__init__(is_async, if_running=if_running)
        self._fold = fold

    def _stages(
        self, kedro: KedroRun, workspace: Workspace, parts: Mapping[str, Pipeline]
    ) -> StagesOfRun:
        return FoldRun(kedro, workspace, parts, self._fold)


class FoldRun(StagesOfRun):
    """One fold of the stage that trains folds.

    The stage's outputs, its record and ``dvc.lock`` stay as they are. The fold is kept in the
    stage's working folder, with what it was made from. The stage itself, when it runs, finds it
    there, and pools.

    Args:
        kedro: runs the node and calls hooks.
        workspace: the environment's stages.
        parts: the stage that trains folds -> its nodes.
        number: of the fold, from 1.

    Raises:
        ParameterError: another stage is to run, or ``crossval.folds`` leaves the fold out.
    """

    def __init__(
        self, kedro: KedroRun, workspace: Workspace, parts: Mapping[str, Pipeline], number: int
    ) -> None:
        if list(parts) != [FOLDS_STAGE]:
            raise ParameterError(f"a fold is one of {FOLDS_STAGE}, not of {', '.join(parts)}")
        super().__init__(kedro, workspace, parts, force=False)
        self._number = number
        self._crossval: CrossvalParams = workspace.catalog.load(_PARAMETERS)
        if number not in (self._crossval.folds or [number]):
            raise ParameterError(f"crossval.folds: {self._crossval.folds} leaves out fold {number}")

    def needed(self) -> dict[str, bool]:
        """Stage -> whether it may be written: none but the fold, which has a lock of its own.

        The stage of all folds is shared: whoever pools, or restores an older state, holds it alone
        and so waits for the folds.
        """
        shared = dict.fromkeys(self._workspace.with_producers([FOLDS_STAGE]), False)
        return shared | {f"{FOLDS_STAGE}_fold_{self._number}": True}

    def run(self) -> None:
        """Train the fold, unless it is done or pooled already.

        Raises:
            BusyError: an input was replaced meanwhile; nothing is kept of the fold.
            ParameterError: there is no such fold.
        """
        self._know_producers()
        if self._is_unchanged(FOLDS_STAGE):
            logger.info("%s: unchanged, fold %d skipped", FOLDS_STAGE, self._number)
            return
        self._prepare(FOLDS_STAGE)
        manifest = self._workspace.catalog.load("manifest")
        require_folds([self._number], int(manifest["fold"].max()))
        if self._is_done():
            logger.info("Fold %d is done already", self._number)
            return
        self._kedro.hook_manager.hook.before_stage_run(
            stage=FOLDS_STAGE, part=fold_name(self._number, self._crossval.protocol)
        )
        catalog = self._catalog()
        for node in self._parts[FOLDS_STAGE].nodes:
            self._kedro.execute(node, catalog)
        self._require_same_inputs()

    def _require_same_inputs(self) -> None:
        """Keep nothing that was trained in part on other data than is said of it."""
        from dermaflow.experiments.crossval.fold_trainer import fold_folder

        try:
            self._workspace.files.require(*self._workspace.origins(FOLDS_STAGE))
        except BusyError:
            folder: WorkingFolder = self._workspace.catalog.load(_FOLDER)
            shutil.rmtree(fold_folder(folder, self._number), ignore_errors=True)
            raise

    def _is_done(self) -> bool:
        """Whether the fold lies in the working folder, or was collected from another machine."""
        from dermaflow.experiments.crossval.fold_trainer import kept_fold
        from dermaflow.ml.runtime import detect_runtime

        load = self._workspace.catalog.load
        runtime = detect_runtime(load("params:train").precision)
        folder: WorkingFolder = load(_FOLDER)
        made_from = decisive(folder, self._crossval, runtime.name)
        if self._number in collect_folds(self._crossval.collect, made_from):
            return True
        return kept_fold(WorkingFolder(folder.path, made_from), self._number).has_any()

    def _catalog(self) -> DataCatalog:
        """The stage's datasets: its parameters name this fold alone, and nothing is written."""
        nodes = self._parts[FOLDS_STAGE]
        catalog = catalog_with(self._workspace.catalog, nodes.inputs() - {_PARAMETERS}, {})
        chosen = self._crossval.model_copy(update={"folds": [self._number]})
        catalog[_PARAMETERS] = MemoryDataset(chosen)
        for name in nodes.outputs():
            catalog[name] = MemoryDataset()
        return catalog
