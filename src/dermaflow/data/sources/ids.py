"""Ids of images, lesions and patients, as they really come."""

from __future__ import annotations

import logging
import re

import pandas as pd

from dermaflow.io.text import one_line
from dermaflow.params.sources import Source

logger = logging.getLogger(__name__)

GROUP_COLUMNS = ("lesion_id", "patient_id")
ID_COLUMNS = ("image_id", *GROUP_COLUMNS)

_DECIMAL = re.compile(r"\d+\.\d+")
_WHOLE = re.compile(r"(\d+)\.0+")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_ROUNDED = re.compile(r"\d(?:\.\d+)?e\+\d+", re.IGNORECASE)
_MONTH = "(?:jan|feb|mar|mär|apr|mai|may|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]*"
_DATE = re.compile(
    rf"\d{{1,2}}[-. ]+{_MONTH}\.?|{_MONTH}[-. ]+\d{{2}}|.*\d\d:\d\d:\d\d", re.IGNORECASE
)
_JOINTS = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")  # blanks, and dashes that look alike
_EXAMPLES = 3


def without_decimals(ids: pd.Series) -> pd.Series:
    """Numbers that a spreadsheet or pandas wrote with a decimal point, as whole ones.

    A column of numbers with a gap becomes ``1000.0``, where another table has ``1000``. Ids such as
    ``12.1`` say that the point means something: then all of the column stay as they are.

    Args:
        ids: text or missing.
    """
    written = set(ids.dropna())
    decimal = {text for text in written if _DECIMAL.fullmatch(text)}
    if not decimal or not all(_WHOLE.fullmatch(text) for text in decimal):
        return ids
    whole = [_WHOLE.sub(r"\1", text) if text in decimal else text for text in ids]
    return pd.Series(whole, ids.index, dtype=object)


def settle_lesions(records: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Say of each row with which others it belongs, as far as the source tells.

    Lesions that are numbered within each patient get the patient's id before their own. A row that
    tells the patient and no lesion is a lesion of its own, which the patient keeps with the others.
    So is every row of a source that tells neither of any image. Other rows without a lesion stay
    so. Validate judges those, and tells of all that nothing keeps together.

    Args:
        records: of one source, with ``ID_COLUMNS``; not changed.
        source: its section in conf.
    """
    records = records.copy()
    if source.lesions_within_patient:
        records["lesion_id"] = records["patient_id"] + "/" + records["lesion_id"]
    has_patient, has_lesion = records["patient_id"].notna(), records["lesion_id"].notna()
    tells_neither = not (has_patient.any() or has_lesion.any())
    alone = ~has_lesion & (has_patient | tells_neither)
    records.loc[alone, "lesion_id"] = records.loc[alone, "image_id"]
    return records


def warn_of_look_alikes(records: pd.DataFrame) -> None:
    """Name ids that differ by nothing that people see, and ids that a spreadsheet has changed.

    These are numbers of which it cut the end, and dates: it takes ``3-1`` for the first of March.

    Args:
        records: of all sources, with ``ID_COLUMNS``.
    """
    for column in ID_COLUMNS:
        ids = pd.Series(records[column].dropna().unique(), dtype=object)
        alike = ids[ids.map(_plain).duplicated(keep=False)]
        for text, examples in (
            (
                "differ only by leading zeros, case, blanks or dashes, and count as different ones",
                alike,
            ),
            (
                "look like dates that a spreadsheet has made of them, so that different ones may "
                "have become one",
                ids[ids.map(lambda text: bool(_DATE.fullmatch(text)))],
            ),
            (
                "look like numbers that a spreadsheet has rounded, so that different ones may have "
                "become one",
                ids[ids.map(lambda text: bool(_ROUNDED.fullmatch(text)))],
            ),
        ):
            if len(examples):
                shown = ", ".join(one_line(text, 40) for text in examples[:_EXAMPLES])
                logger.warning("%d %ss %s, such as %s", len(examples), column, text, shown)


def _plain(text: str) -> str:
    return _LEADING_ZEROS.sub("", _JOINTS.sub("-", text)).casefold()
