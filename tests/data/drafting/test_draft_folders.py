"""Folders of classes become an environment without a table."""

import pytest

from data.drafting.made_up_tables import write_images
from dermaflow.data.sources import SourceSet
from dermaflow.data.sources.label_words import translate_labels
from dermaflow.errors import SourceError

CLASSES = {"Melanom": 20, "Nävus": 30, "bcc": 9, "Ekzem ${x}": 8, "df": 3}


@pytest.fixture
def images(tmp_path):
    names = [f"{name}/{n}.jpg" for name, count in CLASSES.items() for n in range(count)]
    return write_images(tmp_path / "fotos", [*names, "stray.jpg", "bcc/0_mask.png"])


def test_folders_are_classes(draft, load, images):
    found = draft(None, images)
    assert found.strays == ["stray.jpg"]
    assert (found.files, found.images, found.without_class) == (71, 67, 3)
    parameters = load(found)
    assert parameters.labels.classes == ["bcc", "mel", "nv", "ekzem_x"]
    records = SourceSet(parameters.ingest, 1).records()
    labels = translate_labels(records["label"], parameters.labels)
    assert labels.value_counts().to_dict() == {
        "nv": 30, "mel": 20, "bcc": 9, "ekzem_x": 8, "df": 3,
    }  # fmt: skip


def test_a_folder_of_splits_is_no_folder_of_classes(draft, tmp_path):
    images = write_images(tmp_path / "i", ["train/mel/1.jpg", "test/nv/2.jpg"])
    with pytest.raises(SourceError, match="holds test, train in place of classes"):
        draft(None, images)


def test_one_folder_or_none_asks_for_a_table(draft, tmp_path):
    images = write_images(tmp_path / "one", ["fotos/1.jpg"])
    with pytest.raises(SourceError, match=r"one folder with images, 'fotos'.*--table"):
        draft(None, images)
    with pytest.raises(SourceError, match="holds no folder with images"):
        draft(None, write_images(tmp_path / "flat", ["1.jpg"]))
    with pytest.raises(SourceError, match=r"there is no folder .*nowhere"):
        draft(None, tmp_path / "nowhere")
