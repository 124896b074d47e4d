"""Trains a small network in the folder it is given, with a checkpoint after every update."""

import sys
from pathlib import Path

from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.training.checkpoints import Checkpoints
from ml.small_training import fit, open_sets

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    result = fit(open_sets(folder), checkpoints=Checkpoints(folder / "checkpoints", {"run": "a"}))
    save_weights(folder / "result", Weights(result.tensors, {"history": result.history}))
