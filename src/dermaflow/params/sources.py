"""One model a kind of source: its section under ``ingest.sources``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import ClassCode, Params, PositiveInt, Strings, Word

TableColumn = Literal[
    "image_id",
    "file",
    "label",
    "lesion_id",
    "patient_id",
    "age",
    "sex",
    "localization",
    "dx_type",
    "image_type",
    "skin_tone",
    "licence",
]
# Encodings of a CSV besides UTF-8: what spreadsheet programs write.
Encoding = Literal["utf-16", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "mac_roman"]
TranslatedColumn = Literal["sex", "localization", "dx_type", "image_type", "skin_tone"]


class Source(Params):
    """What every kind has."""

    # Goes before ids of images, lesions and patients, where another source numbers alike.
    prefix: str | None = None
    # Lesions are numbered anew for each patient: `1` of one patient is not `1` of another.
    lesions_within_patient: bool = False

    def raw_paths(self) -> list[Path]:
        """Files and folders that it reads: a change of one of them makes ingest run anew."""
        return []


class PhantomSource(Source):
    """Dermoscopy-like images drawn in code; for demonstration and tests only."""

    kind: Literal["phantoms"]
    images: dict[ClassCode, Annotated[int, Field(ge=0, le=100_000)]]
    images_per_lesion: Annotated[float, Field(ge=1, le=8)]  # mean number of shots of one lesion
    planted_faults: bool  # broken files and rows, which validate must catch


HAM10000_METADATA = "HAM10000_metadata.csv"
HAM10000_IMAGES = ("HAM10000_images_part_1.zip", "HAM10000_images_part_2.zip")
HAM10000_MASKS = "HAM10000_segmentations_lesion_tschandl.zip"  # may be absent


class Ham10000Source(Source):
    """The folder of zips and CSV as downloaded from the HAM10000 archive, or unpacked."""

    kind: Literal["ham10000"]
    folder: str
    limit: PositiveInt | None = None  # take the first lesions up to this many images; None: all

    def raw_paths(self) -> list[Path]:
        """The images, the table and the masks."""
        return [*self.images, self.metadata, self.masks]

    @property
    def images(self) -> list[Path]:
        """Both halves of the images."""
        return [self._place(name) for name in HAM10000_IMAGES]

    @property
    def metadata(self) -> Path:
        """The table; the archive gives it by other endings, too."""
        return self._place(HAM10000_METADATA, "", ".tab")

    @property
    def masks(self) -> Path:
        """The lesion masks, which need not be there."""
        return self._place(HAM10000_MASKS)

    def _place(self, name: str, *endings: str) -> Path:
        """Where a file is, or the folder that it was unpacked into, whatever the case of its name.

        Of several the first one that is there: the name itself, then sorted.
        """
        folder = Path(self.folder).expanduser()
        names = [name, *(name.rpartition(".")[0] + ending for ending in endings or ("",))]
        if not folder.is_dir() or (folder / name).exists():
            return folder / name
        there = sorted(folder.iterdir())
        found = (p for n in names for p in there if p.name.casefold() == n.casefold())
        return next(found, folder / name)


class IsicSource(Source):
    """Images of the ISIC Archive with their metadata."""

    kind: Literal["isic"]
    metadata: str  # path of the CSV
    images: Strings  # folders and zips with <isic_id>.jpg
    label: str  # column that holds the diagnosis

    def raw_paths(self) -> list[Path]:
        """The CSV, and each folder or zip."""
        return _expand(self.metadata, *self.images)


MILK10K_METADATA = "metadata.csv"
MILK10K_IMAGES = "images.zip"


class Milk10kSource(Source):
    """The dermoscopic images of MILK10k: metadata.csv and images.zip."""

    kind: Literal["milk10k"]
    folder: str

    def raw_paths(self) -> list[Path]:
        """The table and the zip."""
        return _below(self.folder, MILK10K_METADATA, MILK10K_IMAGES)


class FolderSource(Source):
    """A folder of images for each class, named as the class or one of its words."""

    kind: Literal["folder"]
    folder: str
    # Patterns such as `*_raw.jpg` or `thumbnails/*`: these files are not seen.
    ignore: Strings = Field(default_factory=list)
    licence: str

    def raw_paths(self) -> list[Path]:
        """The folder that holds the classes' folders."""
        return _expand(self.folder)


class JoinedTable(Params):
    """A second table, whose rows belong to those of the first by an id."""

    table: str  # path of the .csv or .parquet
    encoding: Encoding | None = None  # of the .csv; None: UTF-8
    by: Literal["image_id", "lesion_id", "patient_id"] = "image_id"
    columns: dict[TableColumn, str]  # record column -> this table's; `by` too

    @model_validator(mode="after")
    def _names_its_key(self) -> JoinedTable:
        if self.by not in self.columns or len(self.columns) < 2:
            raise ValueError(f"columns must say which column holds {self.by}, and name others")
        return self


class TableSource(Source):
    """Any CSV or Parquet table beside a folder of images."""

    kind: Literal["table"]
    table: str  # path of the .csv or .parquet
    encoding: Encoding | None = None  # of the .csv; None: UTF-8
    images: str  # folder in which file names are looked up
    masks: str | None = None  # folder of lesion masks; those among the images need not be named
    # Patterns such as `*_raw.jpg` or `thumbnails/*`: these files are not seen.
    ignore: Strings = Field(default_factory=list)
    columns: dict[TableColumn, str]  # manifest column -> the table's; image_id, file, label needed
    # In place of a label: a column for each class, of which one holds 1.
    label_columns: Strings = Field(default_factory=list)
    join: JoinedTable | None = None  # more columns of the same rows
    # Table's words, whatever their case -> the manifest's.
    values: dict[TranslatedColumn, dict[Word, Word]] | None = None
    licence: str

    def raw_paths(self) -> list[Path]:
        """The tables and the folders."""
        more = [*([self.masks] if self.masks else []), *([self.join.table] if self.join else [])]
        return _expand(self.table, self.images, *more)

    @property
    def _joined(self) -> set[str]:
        """Columns that come from the second table."""
        return {name for name in self.join.columns if name != self.join.by} if self.join else set()

    @model_validator(mode="after")
    def _names_what_is_needed(self) -> TableSource:
        named = {*self.columns, *self._joined, *(["label"] if self.label_columns else [])}
        missing = [name for name in ("image_id", "file", "label") if name not in named]
        if missing:
            raise ValueError(f"columns must also say which column holds: {', '.join(missing)}")
        if self.join and self.join.by not in self.columns:
            raise ValueError(f"columns must say which column holds {self.join.by}, as join does")
        return self

    @model_validator(mode="after")
    def _says_everything_once(self) -> TableSource:
        twice: list[str] = sorted(self._joined & {*self.columns})
        if self.label_columns and "label" in {*self.columns, *self._joined}:
            twice.append("label")
        if twice:
            raise ValueError(f"{', '.join(twice)} is told twice: by columns, join or label_columns")
        if len(self.label_columns) == 1:
            raise ValueError("label_columns must name one column for each class, two or more")
        return self


class CustomSource(Source):
    """A class of your own, wherever Python finds it."""

    kind: Literal["custom"]
    factory: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]  # package.module:Class
    options: dict[str, Any]  # its keyword arguments
    paths: Strings  # files and folders that it reads

    def raw_paths(self) -> list[Path]:
        """As conf tells, and the class's own file."""
        try:
            found = find_spec(self.factory.partition(":")[0])
        except ImportError:  # told when it is opened
            found = None
        own = [found.origin] if found and found.origin else []
        return _expand(*self.paths, *own)


AnySource = Annotated[
    PhantomSource
    | Ham10000Source
    | IsicSource
    | Milk10kSource
    | FolderSource
    | TableSource
    | CustomSource,
    Field(discriminator="kind"),
]


def _expand(*paths: str) -> list[Path]:
    return [Path(path).expanduser() for path in paths]


def _below(folder: str, *names: str) -> list[Path]:
    return [Path(folder).expanduser() / name for name in names]
