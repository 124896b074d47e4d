"""The sources of a run, as one."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.ml.seeding import derive_seed
from dermaflow.params import IngestParams
from dermaflow.params.sources import CustomSource, PhantomSource, Source
from dermaflow.schema import RECORD_COLUMNS, SOURCE_COLUMNS

if TYPE_CHECKING:
    from dermaflow.sources.base import ImageSource

logger = logging.getLogger(__name__)

# Kind -> class; imported when used, so that one costs nothing where another is.
_KINDS = {
    "phantoms": "dermaflow.sources.phantoms:Phantoms",
    "ham10000": "dermaflow.sources.ham10000:Ham10000",
    "isic": "dermaflow.sources.isic:Isic",
    "milk10k": "dermaflow.sources.milk10k:Milk10k",
    "folder": "dermaflow.sources.folder:Folder",
    "table": "dermaflow.sources.table:Table",
}

_PREFIXED = ("image_id", "lesion_id", "patient_id")


class SourceSet:
    """Sources in use, each read by its name.

    Args:
        ingest: which, and what for.
        seed: of what is drawn.

    Raises:
        SourceError: files of one are missing or damaged.
    """

    def __init__(self, ingest: IngestParams, seed: int) -> None:
        self._roles = ingest.roles
        self._prefixes = {name: ingest.sources[name].prefix or "" for name in self._roles}
        self._sources = {
            name: open_source(ingest.sources[name], f"ingest.sources.{name}", seed)
            for name in self._roles
        }

    def records(self) -> pd.DataFrame:
        """Rows of all sources, one after the other: ``RECORD_COLUMNS``.

        Raises:
            SourceError: a source lists no image, or its table lacks a column.
        """
        tables = []
        for name, source in self._sources.items():
            table = _checked(source.records(), f"ingest.sources.{name}")
            for column in _PREFIXED if self._prefixes[name] else ():
                table[column] = self._prefixes[name] + table[column]
            tables.append(table.assign(source=name, role=self._roles[name]))
        records = pd.concat(tables, ignore_index=True)[list(RECORD_COLUMNS)]
        _warn_of_shared_ids(records)
        return records

    def read(self, source: str, file: str) -> bytes:
        """Encoded bytes of a source's file; see ``ImageSource.read``."""
        return self._sources[source].read(file)

    def read_mask(self, source: str, image_id: str) -> bytes | None:
        """Encoded lesion mask; see ``ImageSource.read_mask``."""
        return self._sources[source].read_mask(image_id.removeprefix(self._prefixes[source]))

    def unlisted(self) -> dict[str, list[str]]:
        """Image files that no row lists, of each source."""
        return {name: source.unlisted() for name, source in self._sources.items()}


def open_source(params: Source, key: str, seed: int) -> ImageSource:
    """One source.

    Args:
        params: its section in conf.
        key: of the section, for error texts.
        seed: of what is drawn.

    Raises:
        SourceError: its files are missing or damaged, or its class cannot be had.
    """
    if isinstance(params, CustomSource):
        return _make_custom(params, key)
    kind: str = params.kind  # type: ignore[attr-defined]  # all kinds have one
    module, name = _KINDS[kind].split(":")
    make: Any = getattr(import_module(module), name)
    if isinstance(params, PhantomSource):  # those with a prefix are of other lesions
        key_or_seed: str | int = derive_seed(seed, params.prefix) if params.prefix else seed
    else:
        key_or_seed = key
    source: ImageSource = make(params, key_or_seed)
    return source


def _make_custom(params: CustomSource, key: str) -> ImageSource:
    module, name = params.factory.split(":")
    try:
        make: Any = getattr(import_module(module), name)
        source: ImageSource = make(**params.options)
    except (ImportError, AttributeError) as error:
        raise SourceError(
            f"{key}.factory: {params.factory} cannot be imported ({error})"
        ) from error
    except TypeError as error:
        raise SourceError(f"{key}.options: {params.factory} refuses them ({error})") from error
    return source


def _checked(records: pd.DataFrame, key: str) -> pd.DataFrame:
    """The columns that ingest asks for, of a table that has rows."""
    missing = [column for column in SOURCE_COLUMNS if column not in records]
    if missing:
        raise SourceError(f"{key}: its records lack {', '.join(missing)}")
    if records.empty:
        raise SourceError(f"the source lists no image (see {key})")
    return records[list(SOURCE_COLUMNS)].astype({"age": "float64"})


def _warn_of_shared_ids(records: pd.DataFrame) -> None:
    """Two clinics may number alike; their lesions would be put together without need."""
    for column in ("lesion_id", "patient_id"):
        sources = records.dropna(subset=column).groupby(column)["source"].nunique()
        shared = int((sources > 1).sum())
        if shared:
            logger.warning(
                "%d %ss occur in several sources and count as the same; give a source a prefix "
                "if they are not",
                shared,
                column,
            )
