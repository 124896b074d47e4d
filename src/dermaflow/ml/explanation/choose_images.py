"""Which test images are explained."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dermaflow.params.explain import ExplainParams
from dermaflow.schema import probability_columns


def choose_images(
    predictions: pd.DataFrame, explain: ExplainParams, classes: list[str]
) -> pd.DataFrame:
    """Pick typical test images: up to ``per_class`` right and wrong predictions of each true class.

    Typical is what lies evenly spread over the ranks of the predicted probability: for one image
    the median, so neither the surest nor the closest call. No two are of one group.

    Returns:
        image_id, label, predicted, probability (of the predicted class) and outcome (right, wrong),
        classes in their order, right before wrong.
    """
    test = predictions[predictions["split"] == "test"].sort_values("image_id")
    told = test["predicted"].map(classes.index).to_numpy(np.int64)
    test = test.assign(
        probability=test[probability_columns(classes)].to_numpy()[np.arange(len(test)), told],
        outcome=np.where(test["predicted"] == test["label"], "right", "wrong"),
    )
    chosen, taken = [], set[str]()
    # Wrong ones are rare, so they come first to a group that has both.
    for outcome in ("wrong", "right"):
        for code in classes:
            cell = test[(test["label"] == code) & (test["outcome"] == outcome)]
            cell = cell[~cell["group_id"].isin(taken)].drop_duplicates("group_id")
            cell = _spread(cell.sort_values("probability", kind="stable"), explain.per_class)
            taken.update(cell["group_id"])
            chosen.append(cell)
    table = pd.concat(chosen)
    place = table["label"].map(classes.index)
    table = table.assign(place=place).sort_values(["place", "outcome"], kind="stable")
    columns = ["image_id", "label", "predicted", "probability", "outcome"]
    return table[columns].reset_index(drop=True)


def _spread(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """``count`` rows (or all, if fewer) from the middles of as many equal stretches."""
    count = min(count, len(rows))
    return rows.iloc[[int((k + 0.5) * len(rows) / count) for k in range(count)]]
