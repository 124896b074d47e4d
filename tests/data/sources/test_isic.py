"""What the ISIC Archive's client leaves, and the archive's own table of HAM10000."""

import os
import zipfile
from pathlib import Path

import pytest

from conf_params import params_of
from dermaflow.data.sources.isic import Isic
from dermaflow.data.sources.label_words import translate_labels
from dermaflow.errors import SourceError
from dermaflow.params.sources import HAM10000_IMAGES, IsicSource
from dermaflow.schema import SOURCE_COLUMNS

REAL = os.environ.get("DERMAFLOW_HAM10000_DIR")
CSV = (
    "isic_id,attribution,copyright_license,age_approx,anatom_site_general,"
    "diagnosis_3,diagnosis_confirm_type,image_type,lesion_id,sex\n"
    'ISIC_1,"A, B",CC-0,45,,Nevus,serial imaging showing no change,dermoscopic,IL_1,male\n'
    'ISIC_2,"A, B",CC-BY,,head/neck,"Melanoma, NOS",histopathology,dermoscopic,,\n'
    'ISIC_3,"A, B",CC-BY,50,,,new words,clinical: close-up,IL_3,female\n'
)

UNKNOWN = params_of("ingest").unknown


def open_source(metadata, images, label="diagnosis_3"):
    params = IsicSource(kind="isic", metadata=str(metadata), images=images, label=label)
    return Isic(params, "ingest.sources.isic", UNKNOWN)


@pytest.fixture
def download(tmp_path):
    """A folder as the client leaves it, and a zip of more."""
    (tmp_path / "metadata.csv").write_text(CSV)
    (tmp_path / "ISIC_1.jpg").write_bytes(b"one")
    (tmp_path / "attribution.txt").write_text("A, B")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("more/ISIC_2.png", b"two")
        archive.writestr("more/ISIC_9.jpg", b"nine")
    return tmp_path


def test_the_archives_columns_become_ours(download):
    records = open_source(download / "metadata.csv", [str(download)]).records()
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert records["label"].tolist() == ["Nevus", "Melanoma, NOS", None]
    assert records["lesion_id"].tolist() == ["IL_1", None, "IL_3"]
    assert records["dx_type"].tolist() == ["follow_up", "histo", "new words"]
    assert records["image_type"].tolist() == ["dermoscopic", "dermoscopic", "clinical: close-up"]
    assert records["licence"].tolist() == ["CC-0", "CC-BY", "CC-BY"]
    assert records["age"].tolist()[0] == 45
    assert records[["patient_id", "skin_tone"]].isna().all(axis=None)


def test_images_are_found_in_folders_and_zips(download):
    source = open_source(download / "metadata.csv", [str(download), str(download / "more.zip")])
    assert source.records()["file"].tolist() == ["ISIC_1.jpg", "ISIC_2.png", "ISIC_3.jpg"]
    assert source.read("ISIC_1.jpg") == b"one"
    assert source.read("ISIC_2.png") == b"two"
    assert source.unlisted() == ["ISIC_9.jpg"]
    with pytest.raises(FileNotFoundError, match="in none of the folders and zips"):
        source.read("ISIC_3.jpg")


def test_an_image_in_two_places_is_refused(download):
    with zipfile.ZipFile(download / "again.zip", "w") as archive:
        archive.writestr("ISIC_1.jpg", b"other bytes")
    with pytest.raises(SourceError, match=r"again\.zip: 'ISIC_1\.jpg' occurs twice"):
        open_source(download / "metadata.csv", [str(download), str(download / "again.zip")])


def test_a_column_without_the_diagnosis_is_refused(download):
    with pytest.raises(SourceError, match="no column 'diagnosis_4' for label"):
        open_source(download / "metadata.csv", [str(download)], label="diagnosis_4")


def count_by_scheme(scheme):
    """Images of each class that the archive's table of HAM10000 gives by a scheme of conf."""
    folder = Path(REAL)
    images = [str(folder / name) for name in HAM10000_IMAGES]
    source = open_source(folder / "isic_archive_metadata.csv", images)
    assert source.unlisted() == []
    labels = params_of("labels", {"scheme": scheme})
    codes = translate_labels(source.records()["label"], labels)
    return codes.fillna("none").value_counts().to_dict()


@pytest.mark.skipif(not REAL, reason="DERMAFLOW_HAM10000_DIR is not set")
def test_both_schemes_give_the_counts_known_for_ham10000():
    shared = {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "df": 115}
    found = count_by_scheme("isic_diagnosis_3")
    assert found.pop("none") == 142  # vascular lesions
    assert found == shared | {"scc": 197, "ak": 130}
    found = count_by_scheme("ham10000")
    assert found.pop("akiec") == 197 + 130
    assert {code: found[code] for code in shared} == shared
