"""Outputs that are put in place together."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from kedro.io import DataCatalog
from kedro_datasets.json import JSONDataset

from dermaflow.datasets import FolderDataset
from dermaflow.versioning.stages.catalog_places import catalog_with
from dermaflow.versioning.stages.written_aside import (
    aside,
    clear,
    keep_apart,
    make_room,
    put_in_place,
)


@pytest.fixture
def places(tmp_path):
    return {"facts": tmp_path / "a/facts.json", "pages": tmp_path / "b/pages"}


@pytest.fixture
def catalog(places):
    catalog = DataCatalog()
    catalog["facts"] = JSONDataset(filepath=str(places["facts"]))
    catalog["pages"] = FolderDataset(filepath=str(places["pages"]))
    catalog.save("facts", {"n": 1})
    catalog.save("pages", {"old.html": b"old"})
    return catalog


def write_new(catalog, places):
    make_room(places.values(), "s")
    elsewhere = {name: aside(path, "s") for name, path in places.items()}
    of_stage = catalog_with(catalog, places, elsewhere)
    of_stage.save("facts", {"n": 2})
    of_stage.save("pages", {"new.html": b"new"})
    assert of_stage.load("facts") == {"n": 2}  # later nodes of the stage read the new


def test_old_outputs_stay_until_the_new_are_put_in_place(catalog, places):
    write_new(catalog, places)
    assert catalog.load("facts") == {"n": 1}
    assert catalog.load("pages") == {"old.html": b"old"}
    put_in_place(places.values(), "s")
    assert catalog.load("facts") == {"n": 2}
    assert catalog.load("pages") == {"new.html": b"new"}
    for place in places.values():
        assert list(place.parent.iterdir()) == [place]


def test_a_folder_on_another_disk_is_replaced_and_not_emptied(catalog, places, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    places["pages"].rename(elsewhere)
    places["pages"].symlink_to(elsewhere)
    write_new(catalog, places)
    put_in_place(places.values(), "s")
    assert catalog.load("pages") == {"new.html": b"new"}
    assert (elsewhere / "old.html").read_bytes() == b"old"


@pytest.mark.parametrize("moved", ["none", "facts", "facts and old pages"])
def test_putting_in_place_can_go_on_after_a_crash(catalog, places, moved):
    write_new(catalog, places)
    if moved != "none":
        aside(places["facts"], "s").replace(places["facts"])
    if moved == "facts and old pages":
        replaced = places["pages"].parent / ".s.replaced"
        replaced.mkdir()
        places["pages"].rename(replaced / "pages")
    put_in_place(places.values(), "s")
    assert catalog.load("facts") == {"n": 2}
    assert catalog.load("pages") == {"new.html": b"new"}
    assert list(places["pages"].parent.iterdir()) == [places["pages"]]


def test_what_failed_is_cleared_or_kept_apart(catalog, places, tmp_path):
    write_new(catalog, places)
    kept = keep_apart({"facts": places["facts"]}, "s", tmp_path / "failed")
    clear(places.values(), "s")
    assert kept == {"facts": tmp_path / "failed/facts.json"}
    assert json.loads(kept["facts"].read_text()) == {"n": 2}
    assert catalog.load("facts") == {"n": 1}
    assert catalog.load("pages") == {"old.html": b"old"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux swaps two folders in one step")
def test_the_folder_is_there_at_every_moment(catalog, places):
    done = Event()

    def count_absences():
        absences = 0
        while not done.is_set():
            absences += not places["pages"].is_dir()
        return absences

    with ThreadPoolExecutor(1) as readers:
        reader = readers.submit(count_absences)
        for _ in range(50):
            write_new(catalog, places)
            put_in_place(places.values(), "s")
        done.set()
        assert reader.result() == 0
