"""Raw data under DVC: from ``dvc add`` to another clone and back to an older version.

Real git, real DVC, a local folder as the remote, and two clones.
"""

import hashlib
import json
import os
import re

import pandas as pd
import pytest
import yaml
from PIL import Image, ImageOps

from dermaflow.data.sources.phantoms.source import Phantoms
from dermaflow.ml.evaluation.estimate import parts_from_json
from dermaflow.params.sources import PhantomSource
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.versioning.stages.fingerprint import hash_path

pytestmark = pytest.mark.slow

RAW = "data/01_raw/clinic"
DATA = "data/smoke"
METRICS = f"{DATA}/08_reporting/metrics.json"
STORE = f"{DATA}/02_intermediate/image_store"
RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate,augment,train,evaluate")
TRAIN = ("kedro", "run", "--env", "smoke", "--pipelines", "train", "--force")
RESTORE = ("kedro", "restore", "latest~1", "--env", "smoke")

CLINIC = {
    "ingest": {
        "train": "clinic",
        "sources": {
            "clinic": {
                "kind": "table",
                "table": f"{RAW}/list.csv",
                "images": f"{RAW}/images",
                "columns": {"image_id": "image_id", "file": "file", "label": "label"},
                "licence": "none is needed: these are phantoms",
            }
        },
        "shard_images": 64,
    }
}


def write_clinic(folder):
    """Phantoms as files beside a table."""
    images = dict.fromkeys(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"), 16)
    params = PhantomSource(
        kind="phantoms", images=images, images_per_lesion=1, planted_faults=False
    )
    phantoms = Phantoms(params, seed=0)
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
    (conf / "parameters_augment.yml").write_text("augment: {strategy: none}\n")
    (conf / "parameters_train.yml").write_text("train: {epochs: 1, batch_size: 16}\n")
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


@pytest.fixture(scope="module")
def clone(origin, tmp_path_factory):
    """What a colleague gets by ``git clone``; tests go on where the one before has left it."""
    return origin.clone(tmp_path_factory.mktemp("colleague") / "clone")


def error_of(project, *command, code):
    """The line that a command which must fail ends with."""
    done = project.run(*command, check=False)
    assert done.returncode == code, done.stdout[-3000:]
    assert "Training on" not in done.stdout
    return done.stdout.strip().splitlines()[-1]


def test_dvc_reruns_ingest_when_raw_data_change(origin):
    stages = yaml.safe_load((origin.folder / "conf/smoke/dvc.yaml").read_text())["stages"]
    assert [RAW in stage["deps"] for stage in stages.values()].count(True) == 1
    assert RAW in stages["ingest"]["deps"]
    assert origin.run("git", "status", "--porcelain").stdout == ""
    clean = origin.run("dvc", "status", "conf/smoke/dvc.yaml:ingest", f"{RAW}.dvc").stdout
    assert "up to date" in clean

    table = origin.folder / RAW / "list.csv"
    sound = table.read_bytes()
    table.write_bytes(sound + sound.splitlines(keepends=True)[-1])
    plan = origin.run("dvc", "repro", "--dry", "conf/smoke/dvc.yaml:ingest").stdout
    assert "Running stage 'conf/smoke/dvc.yaml:ingest'" in plan
    table.write_bytes(sound)


def test_runs_name_their_raw_data_by_the_hash_that_is_in_git(origin):
    second, first = origin.runs()
    for run, commit in ((second, "HEAD~1"), (first, "HEAD~3")):
        (out,) = yaml.safe_load(origin.run("git", "show", f"{commit}:{RAW}.dvc").stdout)["outs"]
        assert run.data.tags["md5.raw.clinic"] == out["md5"]
        assert out["md5"] in run.data.tags["mlflow.note.content"]
    assert first.data.tags["data_version"] != second.data.tags["data_version"]


def test_dvc_checkout_of_an_older_commit_gives_equal_bytes(origin):
    branch = origin.run("git", "branch", "--show-current").stdout.strip()
    origin.run("git", "checkout", "--quiet", "HEAD~2")
    origin.run("dvc", "checkout", "--allow-missing")
    assert contents(origin, RAW, DATA) == origin.first
    origin.run("git", "checkout", "--quiet", branch)
    origin.run("dvc", "checkout", "--allow-missing")
    assert contents(origin, RAW, DATA) == origin.second


def test_a_flipped_bit_is_caught_before_training_though_dvc_sees_nothing(origin):
    shard = origin.folder / STORE / "shard-00000.npy"
    sound = shard.read_bytes()
    flip_a_bit(shard)
    assert "up to date" in origin.run("dvc", "status", "conf/smoke/dvc.yaml:train").stdout
    error = error_of(origin, *TRAIN, code=15)
    assert f"{STORE}/shard-00000.npy is not what ingest wrote" in error
    assert f"move it away; `dvc checkout {STORE}` brings it back" in error
    shard.unlink()
    origin.run("dvc", "checkout", STORE)
    assert shard.read_bytes() == sound


def test_raw_data_are_read_only_in_a_version_that_dvc_holds(origin):
    command = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest")
    picture = next((origin.folder / RAW / "images").iterdir())
    sound = picture.read_bytes()
    picture.write_bytes(sound[:-1])
    error = error_of(origin, *command, code=15)
    assert f"{RAW}/images/{picture.name} is not what {RAW}.dvc says" in error
    assert f"`dvc add {RAW}` keeps a change that is meant" in error
    picture.write_bytes(sound)


def test_raw_data_are_pulled_into_another_clone(origin, clone):
    command = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest", "--force")
    assert f"`dvc pull {RAW}` brings the version" in error_of(clone, *command, code=4)
    clone.run("dvc", "pull", RAW)
    assert contents(clone, RAW) == contents(origin, RAW)


def test_one_command_brings_an_older_run_back_with_its_raw_data(origin, clone):
    output = clone.run(*RESTORE).stdout
    assert "fetching from the remote 'store'" in output
    for what in ("outputs", "raw data"):
        assert re.search(rf"^{what}: (\d+) of \1 are those of the run$", output, re.MULTILINE)
    assert contents(clone, RAW, DATA) == origin.first
    metrics = json.loads((clone.folder / METRICS).read_text())
    logged = origin.runs()[1].data.metrics
    named = name_metrics(parts_from_json(metrics))
    assert named == {name: logged[name] for name in named}
    assert clone.run(*RUN).stdout.count("unchanged, skipped") == 5  # as far as Kedro can tell, too

    clone.run("kedro", "restore", "--back")
    assert contents(clone, RAW) == contents(origin, RAW)
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_a_damaged_cache_entry_is_caught_before_training(origin, clone):
    clone.run("dvc", "pull", "--allow-missing", "conf/smoke/dvc.yaml")
    shard = clone.folder / STORE / "shard-00000.npy"
    sound = shard.read_bytes()
    entry = cached(clone, hash_path(shard))
    flip_a_bit(entry)
    shard.unlink()
    clone.run("dvc", "checkout", STORE)
    assert "up to date" in clone.run("dvc", "status", "conf/smoke/dvc.yaml:train").stdout
    assert shard.read_bytes() != sound
    for command in (TRAIN, RUN):
        error = error_of(clone, *command, code=15)
        assert f"{STORE}/shard-00000.npy is not what ingest wrote" in error
        assert f"DVC's cache, {entry.relative_to(clone.folder)}" in error
    entry.unlink()
    shard.unlink()
    clone.run("dvc", "pull", STORE)
    assert shard.read_bytes() == sound


def test_a_damaged_cache_entry_is_named_when_it_is_restored(origin, clone):
    shard = f"{STORE}/shard-00000.npy"  # of which the versions differ
    value = hashlib.md5(origin.first[shard]).hexdigest()
    flip_a_bit(cached(clone, value))
    error = error_of(clone, *RESTORE, code=15)
    assert f"{shard} is not what ingest wrote" in error
    assert f"DVC's cache, .dvc/cache/files/md5/{value[:2]}/{value[2:]}: move both away" in error
