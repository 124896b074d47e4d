"""Nodes of the search stage."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.dotted_keys import nest
from dermaflow.params.image import ImageParams
from dermaflow.params.search import SearchParams
from dermaflow.params.train import TrainParams


def search_recipe(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    search: SearchParams,
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, dict[str, float]]]:
    """Train with other recipes on the training images, and compare them on the validation images.

    Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943) in its asynchronous form (Li
    et al. 2020, arXiv:1810.05934), with recipes that a tree-structured Parzen estimator proposes
    (Bergstra et al. 2011), both Optuna's. All trials have the same seed. No test image is read.

    A search that was stopped goes on in the epoch where it was.

    Returns:
        A row a trial, see ``tabulate``; the best trial's recipe as ``conf`` would have it; and for
        MLflow its value, that of the recipe as it stands, and how many trials ended how.

    Raises:
        ValidationError: a group crosses splits.
        WeightsError: the backbone's first weights cannot be had.
    """
    from dermaflow.data.version import require_groups_on_one_side
    from dermaflow.experiments.search.halving_study import HalvingStudy, values_of
    from dermaflow.experiments.search.trials import TrialTrainer, best_trial, count, tabulate
    from dermaflow.io.seeding import derive_seed
    from dermaflow.ml.runtime import detect_runtime
    from dermaflow.ml.training.batches import LabelledImages

    require_groups_on_one_side(manifest)
    of_split = dict(list(manifest.groupby("split")))
    sets = {
        side: LabelledImages.from_table(image_store, of_split[side], classes)
        for side in ("train", "val")
    }
    effective = checkpoints.decisive(
        {"search": SearchParams.WITHOUT_EFFECT, "train": TrainParams.WITHOUT_EFFECT}
    )
    made_from = {**effective, "precision": detect_runtime(train.precision).name}
    folder = WorkingFolder(checkpoints.path, made_from)
    study = HalvingStudy(search, train, seed, folder)
    trainer = TrialTrainer(
        images=sets["train"],
        val=sets["val"],
        train=train,
        image=image,
        classes=classes,
        seed=derive_seed(seed, "search"),
        folder=folder,
        search=search,
    )
    while len(study.done) < search.trials:
        trainer.run(study)
    trials = tabulate(study.done, search)
    best = study.done[int(best_trial(trials, search)["trial"]) - 1]
    return trials, {"train": nest(values_of(best))}, count(trials, search)
