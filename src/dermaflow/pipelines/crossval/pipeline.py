"""Both stages of cross-validation under one name."""

from kedro.pipeline import Pipeline, pipeline

from dermaflow.pipelines import crossval_evaluate, crossval_train


def create_pipeline() -> Pipeline:
    """Training of the folds, then their figures; tagged as the stages are."""
    return pipeline(crossval_train.create_pipeline(), tags="crossval_train") + pipeline(
        crossval_evaluate.create_pipeline(), tags="crossval_evaluate"
    )
