"""Raw data under DVC: from ``dvc add`` to another clone and back to an older version.

Real git, real DVC, a local folder as the remote, and two clones.
"""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from PIL import Image, ImageOps

from dermaflow.params import PhantomSource
from dermaflow.sources.phantoms import Phantoms
from dermaflow.versioning.fingerprint import hash_path

RAW = "data/01_raw/clinic"
DATA = "data/smoke"
METRICS = f"{DATA}/08_reporting/metrics.json"
STORE = f"{DATA}/02_intermediate/image_store"
RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate,augment,train,evaluate")
TRAIN = ("kedro", "run", "--env", "smoke", "--pipelines", "train", "--force")

CLINIC = {
    "ingest": {
        "source": "table",
        "table": {
            "name": "clinic",
            "table": f"{RAW}/list.csv",
            "images": f"{RAW}/images",
            "columns": {"image_id": "image_id", "file": "file", "label": "label"},
            "labels": {name: name for name in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")},
            "licence": "none is needed: these are phantoms",
        },
        "shard_images": 64,
    }
}


def write_clinic(folder):
    """Phantoms as files beside a table."""
    images = dict.fromkeys(CLINIC["ingest"]["table"]["labels"], 16)
    phantoms = Phantoms(
        PhantomSource(images=images, images_per_lesion=1, planted_faults=False), seed=0
    )
    records = phantoms.records()
    (folder / "images").mkdir(parents=True)
    for file in records["file"]:
        (folder / "images" / file).write_bytes(phantoms.read(file))
    records[["image_id", "file", "label"]].to_csv(folder / "list.csv", index=False)


def change_clinic(folder):
    """What a second version of a data set may be: a label corrected, a picture taken again."""
    table = pd.read_csv(folder / "list.csv")
    table.loc[0, "label"] = "vasc"
    table.to_csv(folder / "list.csv", index=False)
    picture = folder / "images" / table.loc[1, "file"]
    with Image.open(picture) as image:
        ImageOps.mirror(image).save(picture)


def contents(project, *folders):
    """Bytes of all files below folders, but for the runner's own."""
    root = project.folder
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in files
        if "stage_records" not in path.parts and path.name != ".gitignore"
    }


def flip_a_bit(path):
    """As a failing disk would: neither size nor time changes."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cached(project, md5):
    """DVC's copy of a file."""
    return project.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def commit(project, message):
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", message)


@pytest.fixture(scope="module")
def origin(make_project, tmp_path_factory):
    """Two versions of raw data, a run of each, both pushed to a remote."""
    project = make_project()
    write_clinic(project.folder / RAW)
    conf = project.folder / "conf/smoke"
    (conf / "parameters_ingest.yml").write_text(yaml.safe_dump(CLINIC))
    (conf / "parameters_augment.yml").write_text("augment:\n  strategy: none\n")
    project.remote = tmp_path_factory.mktemp("remote")
    project.run("dvc", "remote", "add", "--default", "store", str(project.remote))
    project.run("dvc", "add", RAW)
    project.run("kedro", "dvc-yaml")
    commit(project, "raw data, version 1")
    project.run(*RUN)
    commit(project, "what came of it")
    project.first = contents(project, RAW, DATA)
    project.run("dvc", "push")

    change_clinic(project.folder / RAW)
    project.run("dvc", "add", RAW)
    commit(project, "raw data, version 2")
    project.run(*RUN)
    commit(project, "what came of it")
    project.second = contents(project, RAW, DATA)
    project.run("dvc", "push")
    return project


@pytest.fixture
def clone(origin, tmp_path):
    """What a colleague gets by ``git clone``."""
    return origin.clone(tmp_path / "clone")


def test_x(origin, clone):
    print(contents(origin, RAW).keys().__len__())
    print(origin.run("dvc", "status").stdout)
    print(origin.run("git", "status", "--short").stdout)
    print(clone.run("kedro", "restore", "latest~1", "--env", "smoke", check=False).stdout)
    print(clone.run("git", "status", "--short").stdout)
    assert contents(clone, RAW, DATA) == origin.first
    assert 0
