"""Both stages of cross-validation under one name."""

from kedro.pipeline import Pipeline

from dermaflow.pipelines.stage_pipeline import stage_pipeline


def create_pipeline() -> Pipeline:
    """Training of the folds, then their scores."""
    return stage_pipeline("crossval_train") + stage_pipeline("crossval_evaluate")
