"""The sources of a run, as one."""

from __future__ import annotations

import logging
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dermaflow.data.sources.ids import (
    GROUP_COLUMNS,
    ID_COLUMNS,
    settle_lesions,
    warn_of_look_alikes,
    without_decimals,
)
from dermaflow.errors import SourceError
from dermaflow.io.seeding import derive_seed
from dermaflow.io.untrusted_tables import clean_text
from dermaflow.params.ingest import IngestParams
from dermaflow.params.sources import (
    CustomSource,
    FolderSource,
    Ham10000Source,
    IsicSource,
    Milk10kSource,
    PhantomSource,
    Source,
    TableSource,
)
from dermaflow.schema import RECORD_COLUMNS, SOURCE_COLUMNS

if TYPE_CHECKING:
    from dermaflow.data.sources.image_source import ImageSource

logger = logging.getLogger(__name__)

# Words that mean the same in whatever case.
_CODES = ("label", "skin_tone")  # but for these, whose words stand in conf
_WORD_COLUMNS = ("sex", "localization", "dx_type", "image_type", *_CODES)
_COMPARED = 50  # files of two sources that have one name


class SourceSet:
    """Sources in use, each read by its name.

    Args:
        ingest: which, and what for.
        seed: of what is drawn.

    Raises:
        SourceError: files of one are missing or damaged.
    """

    def __init__(self, ingest: IngestParams, seed: int) -> None:
        self._roles, self._params = ingest.roles, ingest.sources
        self._unknown = ingest.unknown
        self._prefixes = {name: ingest.sources[name].prefix or "" for name in self._roles}
        self._sources = {
            name: open_source(ingest.sources[name], f"ingest.sources.{name}", seed, ingest)
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
            for column in GROUP_COLUMNS:  # of one's own class, too, which may read no table
                table[column] = without_decimals(clean_text(table[column], self._unknown))
            for column in _WORD_COLUMNS:
                unknown = () if column == "label" else self._unknown
                words = without_decimals(clean_text(table[column], unknown))
                table[column] = words if column in _CODES else words.str.lower()
            table = settle_lesions(table, self._params[name])
            for column in ID_COLUMNS if self._prefixes[name] else ():
                table[column] = self._prefixes[name] + table[column]
            tables.append(table.assign(source=name, role=self._roles[name]))
        records = pd.concat(tables, ignore_index=True)[list(RECORD_COLUMNS)]
        _warn_of_shared_ids(records)
        warn_of_look_alikes(records)
        self._warn_of_equal_names(records)
        return records

    def _warn_of_equal_names(self, records: pd.DataFrame) -> None:
        """Two clinics may name pictures alike; all but the first source's would be set aside."""
        first = records.drop_duplicates("image_id").set_index("image_id")
        others = records[records["image_id"].notna()].drop_duplicates(["image_id", "source"])
        others = others[others["source"] != others["image_id"].map(first["source"])]
        for (source, origin), rows in others.groupby(
            ["source", others["image_id"].map(first["source"])], sort=False
        ):
            shown = rows.head(_COMPARED)
            files = zip(shown["file"], shown["image_id"].map(first["file"]), strict=True)
            differ = sum(self._differ((source, file), (origin, other)) for file, other in files)
            if differ:
                logger.warning(
                    "%s and %s both have %d image_ids; of %d that were compared, the files of %d "
                    "differ. If they are other pictures, give one source a prefix "
                    "(ingest.sources.%s.prefix): as it is, those of %s are set aside",
                    origin,
                    source,
                    len(rows),
                    len(shown),
                    differ,
                    source,
                    source,
                )

    def _differ(self, *places: tuple[str, str]) -> bool:
        """Whether files hold other bytes; one that cannot be read is quarantined anyway."""
        try:
            one, other = (self.read(source, str(file)) for source, file in places)
        except OSError:
            return False
        return one != other

    def read(self, source: str, file: str) -> bytes:
        """Encoded bytes of a source's file; see ``ImageSource.read``."""
        return self._sources[source].read(file)

    def read_mask(self, source: str, image_id: str) -> bytes | None:
        """Encoded lesion mask; see ``ImageSource.read_mask``."""
        return self._sources[source].read_mask(image_id.removeprefix(self._prefixes[source]))

    def unlisted(self) -> dict[str, list[str]]:
        """Image files that no row of any source lists, of each source."""
        listed = {place for source in self._sources.values() for place in _places_of(source)}
        return {
            name: [file for file in source.unlisted() if _place(source, file) not in listed]
            for name, source in self._sources.items()
        }


def open_source(params: Source, key: str, seed: int, ingest: IngestParams) -> ImageSource:
    """One source; what the others need is not imported.

    Args:
        params: its section in conf.
        key: of the section, for error texts.
        seed: of what is drawn.
        ingest: what holds for all: words for what is not known, and how masks are named.

    Raises:
        SourceError: its files are missing or damaged, or its class cannot be had.
    """
    if isinstance(params, PhantomSource):
        from dermaflow.data.sources.phantoms.source import Phantoms

        # Those with a prefix are of other lesions.
        return Phantoms(params, derive_seed(seed, params.prefix) if params.prefix else seed, key)
    if isinstance(params, Ham10000Source):
        from dermaflow.data.sources.ham10000 import Ham10000

        return Ham10000(params, key, ingest.unknown)
    if isinstance(params, IsicSource):
        from dermaflow.data.sources.isic import Isic

        return Isic(params, key, ingest.unknown)
    if isinstance(params, Milk10kSource):
        from dermaflow.data.sources.milk10k import Milk10k

        return Milk10k(params, key, ingest.unknown)
    if isinstance(params, FolderSource):
        from dermaflow.data.sources.class_folders import Folder

        return Folder(params, key, ingest.mask_suffixes)
    if isinstance(params, TableSource):
        from dermaflow.data.sources.table import Table

        return Table(params, key, ingest.unknown, ingest.mask_suffixes)
    assert isinstance(params, CustomSource)
    return _make_custom(params, key)


def _make_custom(params: CustomSource, key: str) -> ImageSource:
    module, name = params.factory.split(":")
    try:
        make: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SourceError(
            f"{key}.factory: no {params.factory} can be imported ({error})"
        ) from error
    try:
        signature(make).bind(**params.options)
    except TypeError as error:
        raise SourceError(f"{key}.options: {params.factory} refuses them ({error})") from error
    source: ImageSource = make(**params.options)
    return source


def _places_of(source: ImageSource) -> set[Path]:
    """Where the listed files are, of a source that reads a folder."""
    places = (_place(source, file) for file in source.records()["file"].dropna())
    return {place for place in places if place}


def _place(source: ImageSource, file: str) -> Path | None:
    folder: Path | None = getattr(source, "folder", None)
    return folder / file if folder else None


def _checked(records: pd.DataFrame, key: str) -> pd.DataFrame:
    """The columns that ingest asks for, ``age`` as numbers and all others as text.

    Raises:
        SourceError: a column is missing, an age is no number, or there is no row.
    """
    missing = [column for column in SOURCE_COLUMNS if column not in records]
    if missing:
        raise SourceError(f"{key}: its records lack {', '.join(missing)}")
    if records.empty:
        raise SourceError(f"the source lists no image (see {key})")
    texts = records[list(SOURCE_COLUMNS)].astype(object).reset_index(drop=True)
    texts = texts.map(lambda value: None if pd.isna(value) else str(value))
    try:
        ages = pd.to_numeric(records["age"]).astype("float64")
    except (ValueError, TypeError) as error:
        raise SourceError(f"{key}: an age is no number ({error})") from error
    return texts.assign(age=ages.to_numpy())


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
