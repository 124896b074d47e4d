"""Wiring of the evaluate stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.evaluate.nodes import draw_evaluation, predict_held_out, score_predictions


def create_pipeline() -> Pipeline:
    """From the classifier and the held-out images to predictions, metrics and figures."""
    nodes = [
        node(
            predict_held_out,
            inputs=["classifier", "manifest", "image_store", "params:evaluate"],
            outputs="predictions",
            name="predict_held_out",
        ),
        node(
            score_predictions,
            inputs=["predictions", "params:evaluate", "classes", "params:seed"],
            outputs="metrics",
            name="score_predictions",
        ),
        node(
            draw_evaluation,
            inputs=["predictions", "metrics", "params:evaluate", "classes"],
            outputs="evaluation_figures",
            name="draw_evaluation",
        ),
    ]
    return pipeline(nodes)
