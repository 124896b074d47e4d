"""One model a kind of source: its section under ``ingest.sources``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import ClassCode, Params, PositiveInt, Strings

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
    """The folder of zips and CSV as downloaded from the HAM10000 archive."""

    kind: Literal["ham10000"]
    folder: str
    limit: PositiveInt | None = None  # take the first lesions up to this many images; None: all

    def raw_paths(self) -> list[Path]:
        """The zips and the table."""
        return _below(self.folder, *HAM10000_IMAGES, HAM10000_METADATA, HAM10000_MASKS)


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
    licence: str

    def raw_paths(self) -> list[Path]:
        """The folder that holds the classes' folders."""
        return _expand(self.folder)


class TableSource(Source):
    """Any CSV or Parquet table beside a folder of images."""

    kind: Literal["table"]
    table: str  # path of the .csv or .parquet
    images: str  # folder in which file names are looked up
    masks: str | None = None  # folder of <image_id>.png lesion masks
    columns: dict[TableColumn, str]  # manifest column -> the table's; image_id, file, label needed
    values: dict[TranslatedColumn, dict[str, str]] | None = None  # table's words -> the manifest's
    licence: str

    def raw_paths(self) -> list[Path]:
        """The table and the folders."""
        return _expand(self.table, self.images, *([self.masks] if self.masks else []))

    @model_validator(mode="after")
    def _names_what_is_needed(self) -> TableSource:
        missing = [name for name in ("image_id", "file", "label") if name not in self.columns]
        if missing:
            raise ValueError(f"columns must also say which column holds: {', '.join(missing)}")
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
