"""Rows of a raw manifest that pass the suites of conf/base, and rows with a fault of each kind."""

import numpy as np
import pandas as pd

from conf_params import params_of

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
AGE = 5  # among the expectations of manifest_rows


def with_expectation(suite, number, **changes):
    """Parameters of which one expectation is another."""
    suites = params_of("validate", env="base").model_dump()["expectations"]
    suites[suite][number] |= changes
    return params_of("validate", {f"expectations.{suite}": suites[suite]}, env="base")


def sound_manifest(count=140):
    """Sound rows, two images a lesion; the values that real tables have and that must pass."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in number],
            "lesion_id": [f"l{n // 2}" for n in number],
            "patient_id": None,
            "label": [CLASSES[n // 2 % 7] for n in number],
            "age": np.where(number % 9, 5.0 * (number % 18), np.nan),  # 0 and unknown among them
            "sex": [("male", "female", "unknown", None)[n % 4] for n in number],
            "localization": [("back", "unknown", None)[n % 3] for n in number],
            "dx_type": [
                ("histo", "follow_up", "consensus", "confocal", None)[n % 5] for n in number
            ],
            "image_type": [("dermoscopic", None)[n % 2] for n in number],
            "skin_tone": None,
            "licence": "none",
            "file": [f"i{n}.jpg" for n in number],
            "source": "test",
            "role": "train",
            "sha256": [f"{n:064x}" for n in number],
            "width": 600.0,
            "height": 450.0,
            "brightness": 150.0,
            "contrast": 25.0,
            "two_greys": 0.3,
            "error": pd.Series([None] * count, dtype=object),
        }
    )


def faulty_manifest():
    """Sound rows, then one or two rows for each fault."""
    sound = sound_manifest()

    def row(image_id, **changes):
        base = {
            "image_id": image_id,
            "file": f"{image_id}.jpg",
            "lesion_id": f"l_{image_id}",
            "sha256": f"bytes of {image_id}",
        }
        return sound.iloc[[1]].assign(**base | changes)

    unreadable = dict.fromkeys(("width", "height", "brightness", "contrast", "two_greys"), np.nan)
    rows = [
        row("broken", error="truncated", **unreadable),
        row("old", age=400.0),
        row("strange", label="<script>alert(1)</script>"),
        row("black", brightness=0.0, contrast=0.0),
        row("tiny", width=20.0, height=20.0),
        row("homeless", lesion_id=None),
        row("twice", label="nv"),
        row("twice", label="mel"),
        row("same"),
        row("same"),
        row(None),
    ]
    return pd.concat([sound, *rows], ignore_index=True)
