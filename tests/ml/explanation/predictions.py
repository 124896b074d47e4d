"""Predictions of two classes, and parameters that explain them in little time."""

from conf_params import params_of

CLASSES = ["bcc", "mel"]


def explain_params(per_class=1):
    return params_of(
        "explain",
        {
            "per_class": per_class,
            "batch_size": 8,
            "lime.samples": 16,
            "lime.segments": 9,
            "shap.evaluations": 16,
        },
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
