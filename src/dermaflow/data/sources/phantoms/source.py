"""Dermoscopy-like pictures drawn in code, for demonstration and tests; they say nothing about skin.

Seven classes differ by structure, as lesions do, and share everything else: skin, pigment, size,
hairs, bubbles, rulers, light, noise, and by construction the picture's mean colour. Rows follow the
metadata schema of HAM10000 (Tschandl et al. 2018, doi:10.1038/sdata.2018.161).

With ``planted_faults`` these come on top of the counts asked for, and a sound pipeline keeps none:

==================  ===============================================================================
``truncated``       a JPEG cut off in the middle
``empty``           a file of zero bytes
``text``            a text file named .jpg
``missing``         a row whose file is not there
``unknown_label``   a label that is no class (``scc``)
``impossible_age``  a patient of 400 years
``black``           a picture that is uniformly black
``duplicate``       two rows with one image_id and different labels
``unlisted``        a file that no row lists (``PH_unlisted.jpg``)
==================  ===============================================================================
"""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from dermaflow.data.sources.phantoms.camera import SIDE, take_mask, take_picture
from dermaflow.data.sources.phantoms.lesions import LOOKS, Lesion, make_lesion
from dermaflow.errors import ParameterError
from dermaflow.io.seeding import numpy_generator
from dermaflow.params.sources import PhantomSource
from dermaflow.schema import SOURCE_COLUMNS

LICENCE = "none (drawn in code)"
_UNLISTED = "PH_unlisted.jpg"
# Faults in the order of their rows.
_FAULTS = (
    "truncated",
    "empty",
    "text",
    "missing",
    "unknown_label",
    "impossible_age",
    "black",
    "duplicate",
)

# Mean age in years, and shares of dx_type, roughly as in HAM10000.
_AGES = {"akiec": 67, "bcc": 67, "bkl": 64, "df": 53, "mel": 61, "nv": 46, "vasc": 52}
_DX_TYPES = ("histology", "follow_up", "consensus", "confocal")
_DX_SHARES = {
    "akiec": (1.0, 0.0, 0.0, 0.0),
    "bcc": (1.0, 0.0, 0.0, 0.0),
    "bkl": (0.70, 0.0, 0.24, 0.06),
    "df": (0.50, 0.0, 0.50, 0.0),
    "mel": (1.0, 0.0, 0.0, 0.0),
    "nv": (0.38, 0.55, 0.07, 0.0),
    "vasc": (0.33, 0.0, 0.67, 0.0),
}
_PLACES = ("back", "lower extremity", "trunk", "upper extremity", "abdomen", "face", "chest")
_PLACE_SHARES = (0.23, 0.21, 0.15, 0.12, 0.12, 0.11, 0.06)


class Phantoms:
    """Draws a picture whenever it is read, and holds nothing but the table.

    Args:
        params: counts a class, shots a lesion, and whether faults are planted.
        seed: of everything; equal seeds give equal bytes.
        key: of the section in conf, for error texts.

    Raises:
        ParameterError: a class is asked for that has no phantom.
    """

    def __init__(
        self, params: PhantomSource, seed: int, key: str = "ingest.sources.phantoms"
    ) -> None:
        unknown = sorted(set(params.images) - set(LOOKS))
        if unknown:
            raise ParameterError(
                f"{key}.images: no phantom is drawn of class {unknown[0]!r}; "
                f"choose among {', '.join(LOOKS)}"
            )
        self._seed = seed
        self._planted = params.planted_faults
        rows = _sound_rows(params, numpy_generator(seed, "phantoms", "rows"))
        # What is drawn in a file: its lesion and class, which a planted label may deny.
        self._drawn = {row["file"]: (row["lesion_id"], row["label"]) for row in rows}
        self._faults: dict[str, str] = {}
        if params.planted_faults:
            faulty = _faulty_rows(len(rows))
            self._faults = {row["file"]: name for row, name in zip(faulty, _FAULTS, strict=False)}
            self._drawn |= {row["file"]: (row["lesion_id"], "nv") for row in faulty}
            self._drawn[_UNLISTED] = ("PHL_unlisted", "nv")
            rows += faulty
        self._records = pd.DataFrame(rows, columns=list(SOURCE_COLUMNS))

    def records(self) -> pd.DataFrame:
        """Rows in random order of lesions, the shots of one together, planted faults last."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """JPEG of 96 x 96 pixels, or what a planted fault makes of it.

        Raises:
            FileNotFoundError: no such file is drawn.
        """
        fault = self._faults.get(file)
        if file not in self._drawn or fault == "missing":
            raise FileNotFoundError(f"{file}: not among the phantoms")
        if fault == "empty":
            return b""
        if fault == "text":
            return b"This is a letter, not a picture.\n"
        if fault == "black":
            return _encode(np.zeros((SIDE, SIDE, 3), np.uint8), "JPEG")
        picture = _encode(take_picture(self._lesion(file), self._shot(file)), "JPEG")
        return picture[: len(picture) // 2] if fault == "truncated" else picture

    def read_mask(self, image_id: str) -> bytes | None:
        """PNG of 96 x 96 pixels, 255 inside the lesion's border; None for planted faults."""
        file = f"{image_id}.jpg"
        if file not in self._drawn or file in self._faults or file == _UNLISTED:
            return None
        return _encode(take_mask(self._lesion(file), self._shot(file)), "PNG")

    def unlisted(self) -> list[str]:
        """The one planted file that no row lists, if faults are planted."""
        return [_UNLISTED] if self._planted else []

    def _lesion(self, file: str) -> Lesion:
        lesion_id, label = self._drawn[file]
        return make_lesion(label, numpy_generator(self._seed, "phantoms", "lesion", lesion_id))

    def _shot(self, file: str) -> np.random.Generator:
        return numpy_generator(self._seed, "phantoms", "shot", file)


def _sound_rows(params: PhantomSource, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Rows without faults: as many of each class as asked for, lesions in random order."""
    lesions = [
        (label, shots)
        for label, images in sorted(params.images.items())
        for shots in _divide(images, params.images_per_lesion, rng)
    ]
    rows: list[dict[str, Any]] = []
    for number, index in enumerate(rng.permutation(len(lesions))):
        label, shots = lesions[index]
        lesion = _lesion_columns(number, label, rng)
        for _ in range(shots):
            rows.append(_image_columns(len(rows)) | lesion)
    return rows


def _divide(images: int, per_lesion: float, rng: np.random.Generator) -> list[int]:
    """Shots of each lesion: 1 + Poisson(mean - 1) each, ``images`` in all."""
    shots: list[int] = []
    while (left := images - sum(shots)) > 0:
        shots.append(min(left, 1 + int(rng.poisson(per_lesion - 1))))
    return shots


def _image_columns(number: int) -> dict[str, Any]:
    image_id = f"PH_{number:07d}"
    return {
        "image_id": image_id,
        "file": f"{image_id}.jpg",
        "image_type": "dermoscopic",
        "licence": LICENCE,
    }


def _lesion_columns(number: int, label: str, rng: np.random.Generator) -> dict[str, Any]:
    """Columns that all shots of a lesion share; one in fifty ages and sexes is not known."""
    age = 5.0 * round(float(np.clip(rng.normal(_AGES[label], 14), 5, 85)) / 5)
    sex = str(rng.choice(["male", "female"], p=[0.54, 0.46]))
    age_known, sex_known = rng.random(2) > 0.02
    return {
        "lesion_id": f"PHL_{number:07d}",
        "patient_id": None,
        "label": label,
        "age": age if age_known else np.nan,
        "sex": sex if sex_known else None,
        "localization": str(rng.choice(_PLACES, p=_PLACE_SHARES)),
        "dx_type": str(rng.choice(_DX_TYPES, p=_DX_SHARES[label])),
    }


def _faulty_rows(first: int) -> list[dict[str, Any]]:
    """One row a fault, numbered from ``first``, and the duplicate's second."""
    rows = [
        _image_columns(first + k)
        | {
            "lesion_id": f"PHL_faulty_{k}",
            "patient_id": None,
            "label": "scc" if fault == "unknown_label" else "nv",
            "age": 400.0 if fault == "impossible_age" else 50.0,
            "sex": "female",
            "localization": "back",
            "dx_type": "histology",
        }
        for k, fault in enumerate(_FAULTS)
    ]
    return [*rows, rows[-1] | {"label": "mel"}]


def _encode(pixels: NDArray[np.uint8], kind: Literal["JPEG", "PNG"]) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 92, "subsampling": 0} if kind == "JPEG" else {}
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()
