"""Predictions of two classes, and parameters that explain them in little time."""

from dermaflow.params.explain import ExplainParams

CLASSES = ["bcc", "mel"]


def explain_params(per_class=1):
    return ExplainParams(
        per_class=per_class,
        batch_size=8,
        blur=0.25,
        lime={"samples": 16, "segments": 9, "compactness": 10.0},
        shap={"evaluations": 16},
    )


def prediction(image_id, label, predicted, probability, group=None, split="test"):
    other = CLASSES[1 - CLASSES.index(predicted)]
    return {
        "image_id": image_id,
        "group_id": group or image_id,
        "label": label,
        "split": split,
        "predicted": predicted,
        f"p_{predicted}": probability,
        f"p_{other}": 1 - probability,
    }
