"""MILK10k's table and zip."""

import os
import zipfile

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.sources.label_words import translate_labels
from dermaflow.data.sources.milk10k import DIAGNOSES, Milk10k
from dermaflow.errors import SourceError
from dermaflow.params.sources import Milk10kSource
from dermaflow.schema import SOURCE_COLUMNS

UNKNOWN = params_of("ingest").unknown

REAL = os.environ.get("DERMAFLOW_MILK10K_DIR")
HEADER = "isic_id,lesion_id,image_type,age_approx,sex,skin_tone_class,site,milk_dx\n"
ROWS = "ISIC_1,IL_1,dermoscopic,70.0,male,4,trunk,SCCKA\nISIC_2,IL_2,dermoscopic,,female,0,,INF\n"


def open_folder(path):
    return Milk10k(
        Milk10kSource(kind="milk10k", folder=str(path)), "ingest.sources.milk10k", UNKNOWN
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "metadata.csv").write_text(HEADER + ROWS)
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("ISIC_1.jpg", b"one")
        archive.writestr("ISIC_3.jpg", b"three")
    return tmp_path


def test_skin_tone_and_site_are_kept_and_diagnoses_are_words(folder):
    records = open_folder(folder).records()
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert records["skin_tone"].tolist() == ["4", "0"]
    assert records["localization"].tolist() == ["trunk", None]
    assert records["label"].tolist() == [DIAGNOSES["SCCKA"], DIAGNOSES["INF"]]


def test_images_come_from_the_zip(folder):
    source = open_folder(folder)
    assert source.read("ISIC_1.jpg") == b"one"
    assert source.unlisted() == ["ISIC_3.jpg"]
    with pytest.raises(FileNotFoundError):
        source.read("ISIC_2.jpg")


def test_a_missing_folder_names_both_ways_to_give_it(tmp_path):
    with pytest.raises(SourceError, match=r"milk10k\.folder or .*DERMAFLOW_MILK10K_DIR"):
        open_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("ham10000", {"AKIEC": "akiec", "SCCKA": "akiec", "VASC": "vasc"}),
        ("isic_diagnosis_3", {"AKIEC": "ak", "SCCKA": "scc"}),
    ],
)
def test_the_eleven_classes_are_mapped_and_the_rest_has_none(scheme, expected):
    labels = params_of("labels", {"scheme": scheme})
    codes = translate_labels(pd.Series(DIAGNOSES), labels)
    shared = {"BCC": "bcc", "BKL": "bkl", "DF": "df", "MEL": "mel", "NV": "nv"}
    assert codes[codes != pd.Series(DIAGNOSES)].to_dict() == shared | expected


@pytest.mark.skipif(not REAL, reason="DERMAFLOW_MILK10K_DIR is not set")
def test_the_real_set_is_read():
    source = open_folder(REAL)
    records = source.records()
    assert len(records) == 2127
    assert records["label"].isin(DIAGNOSES.values()).all()
    assert records["skin_tone"].value_counts().to_dict()["3"] == 1378
    assert source.unlisted() == []
    assert source.read(records["file"].iloc[0]).startswith(b"\xff\xd8")
