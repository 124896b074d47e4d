"""The sides that images had in an earlier version of the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.schema import SPLITS


def read_kept_split(path: str | None, image_ids: pd.Series) -> pd.Series | None:
    """Read an earlier manifest.

    Args:
        path: of a Parquet file with ``image_id`` and ``split``. None for none.
        image_ids: of the images there are now.

    Returns:
        The split of each image that has one of ``SPLITS``, index ``image_id``.

    Raises:
        SourceError: the file cannot be read, is no manifest, or knows none of the images.
    """
    if path is None:
        return None
    try:
        table = pd.read_parquet(Path(path).expanduser(), columns=["image_id", "split"])
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        why = " ".join(str(error).split())
        raise SourceError(f"{path} is no manifest ({why}); see validate.split.keep") from error
    kept = table[table["split"].isin(SPLITS)].drop_duplicates("image_id")
    if not kept["image_id"].isin(image_ids).any():
        raise SourceError(f"{path} knows none of the images; see validate.split.keep")
    return kept.set_index("image_id")["split"]
