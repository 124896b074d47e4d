"""Where artifacts go, and are found, after a project was moved or copied."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.tracking.artifact_place import adopt_place
from dermaflow.tracking.find_runs import existing_store, list_runs
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.run_reports import read_artifact
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig

REPORT = "notes/a.txt"


@pytest.fixture
def place(tmp_path, local_store, local_config):
    """A project with a store of its own that holds one run; gives its folder and the run's id."""
    folder = tmp_path / "a project"
    (folder / "db").mkdir(parents=True)
    config = local_config(folder)
    shutil.copy(local_store.database, config.database)
    with closing(sqlite3.connect(config.database)) as database, database:
        database.execute("UPDATE experiments SET name = 'another' WHERE name = 'dermaflow'")
    return folder, keep(config, "kept before")


def keep(config, text):
    """Make a run with an artifact; gives its id."""
    run = TrackedRun(config, "a run", {}, Path(config.database).parent / "open_runs")
    run.log_content(text, REPORT)
    run.close("FINISHED")
    return run.run_id


def read(config, run_id):
    return read_artifact(existing_store(config), run_id, REPORT, Path.read_text)


def files(folder):
    """Texts of all reports below a folder."""
    return sorted(path.read_text() for path in folder.rglob("a.txt"))


def add_model(folder):
    """A model and its version with their places, as MLflow notes them; gives what it reads."""
    where = f"{(folder / 'db/artifacts').as_uri()}/models/m-1/artifacts"
    with closing(sqlite3.connect(folder / "db/mlflow.db")) as database, database:
        (experiment,) = database.execute(
            "SELECT experiment_id FROM experiments WHERE name = 'dermaflow'"
        ).fetchone()
        database.execute(
            "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, "
            "creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage) "
            "VALUES ('m-1', ?, 'model', ?, 0, 0, 2, 'active')",
            (experiment, where),
        )
        database.execute("INSERT INTO registered_models (name) VALUES ('derm')")
        database.execute(
            "INSERT INTO model_versions (name, version, source, storage_location, current_stage) "
            "VALUES ('derm', 1, 'models:/m-1', ?, 'None')",
            (where,),
        )
    file = folder / "db/artifacts/models/m-1/artifacts/MLmodel"
    file.parent.mkdir(parents=True)
    file.write_text("a model")


def test_a_project_that_was_moved_keeps_and_finds_all_in_its_new_folder(
    tmp_path, place, local_config, caplog
):
    folder, run_id = place
    add_model(folder)
    moved = tmp_path / "elsewhere/project"
    moved.parent.mkdir()
    folder.rename(moved)
    config = local_config(moved)
    latest = keep(config, "kept after")
    assert "The project was moved" in caplog.text
    assert str(folder) in caplog.text
    assert not folder.exists()
    assert files(moved) == ["kept after", "kept before"]
    assert (read(config, run_id), read(config, latest)) == ("kept before", "kept after")
    client = MlflowClient(config.tracking_uri)
    version = client.get_model_version_download_uri("derm", "1")
    assert version == f"{(moved / 'db/artifacts').as_uri()}/models/m-1/artifacts"
    model = mlflow.artifacts.download_artifacts("models:/derm/1", tracking_uri=config.tracking_uri)
    assert Path(model, "MLmodel").read_text() == "a model"


def test_who_only_reads_after_a_move_finds_all_as_well(tmp_path, place, local_config):
    folder, run_id = place
    folder.rename(tmp_path / "moved")
    assert read(local_config(tmp_path / "moved"), run_id) == "kept before"


def test_a_run_that_was_killed_before_the_project_was_moved_goes_on(tmp_path, place, local_config):
    folder, _ = place
    killed = TrackedRun(local_config(folder), "killed", {}, folder / "open_runs", "this")
    killed.close("KILLED")
    moved = folder.rename(tmp_path / "moved")
    again = TrackedRun(local_config(moved), "again", {}, moved / "open_runs", "this")
    again.close("FINISHED")
    assert again.run_id == killed.run_id


def test_a_copy_writes_nothing_to_the_original_and_names_both_places(tmp_path, place, local_config):
    folder, run_id = place
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = local_config(copy)
    with pytest.raises(TrackingError, match="kedro relocate") as raised:
        keep(config, "of the copy")
    for path in (folder / "db/artifacts", copy / "db/artifacts"):
        assert str(path) in str(raised.value)
    assert files(folder) == ["kept before"]
    client = existing_store(config)
    assert len(list_runs(client, config.experiment)) == 1  # no run was opened
    assert read(config, run_id) == "kept before"
    keep(local_config(folder), "of the original")


def test_a_copy_that_is_told_to_keeps_its_own(tmp_path, place, local_config):
    folder, run_id = place
    late = keep(local_config(folder), "not copied")
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(copy / "db/artifacts" / late)
    config = local_config(copy)
    (experiment,) = [
        experiment
        for experiment in existing_store(config).search_experiments()
        if experiment.name == "dermaflow"
    ]
    assert adopt_place(config, experiment.artifact_location) == 1
    assert adopt_place(config, config.artifact_location) == 0
    latest = keep(config, "of the copy")
    assert files(copy) == ["kept before", "of the copy"]
    (copy / "db/artifacts" / run_id / "artifacts" / REPORT).write_text("changed in the copy")
    assert read(config, run_id) == "changed in the copy"
    assert read(config, late) == "not copied"  # where it was
    assert read(config, latest) == "of the copy"
    assert read(local_config(folder), run_id) == "kept before"


def test_a_place_that_conf_names_is_used_wherever_it_is(tmp_path, place, local_config):
    folder, _ = place
    copy = shutil.copytree(folder, tmp_path / "copy")
    chosen = {"artifact_location": (folder / "db/artifacts").as_uri()}
    open_store(local_config(copy).model_copy(update=chosen))


def test_a_project_reached_by_another_name_is_the_same(tmp_path, place, local_config):
    folder, _ = place
    (tmp_path / "alias").symlink_to(folder)
    keep(local_config(tmp_path / "alias"), "by the alias")
    assert files(folder) == ["by the alias", "kept before"]


def test_a_place_inside_the_project_stays_though_conf_names_another(place, local_config):
    folder, _ = place
    changed = TrackingConfig(
        tracking_uri="sqlite:///db/mlflow.db",
        artifact_location="db/others",
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    ).resolve(folder)
    keep(changed, "second")
    assert files(folder / "db/artifacts") == ["kept before", "second"]


@pytest.fixture
def shared(tmp_path, place, monkeypatch, local_config):
    """Configuration of another project whose runs are kept in this one's store."""
    folder, _ = place
    monkeypatch.setenv("MLFLOW_TRACKING_URI", local_config(folder).tracking_uri)
    values = local_config(folder).model_dump() | {"tracking_uri": "x", "artifact_location": "b"}
    return TrackingConfig(**values).resolve(tmp_path / "another")


def test_runs_kept_in_the_store_of_another_project_are_whole_there(place, shared):
    folder, _ = place
    keep(shared, "of the other")
    assert files(folder) == ["kept before", "of the other"]


def test_a_store_whose_artifacts_are_not_on_this_machine_is_refused(place, shared, tmp_path):
    with closing(sqlite3.connect(shared.database)) as database, database:
        database.execute(
            "UPDATE experiments SET artifact_location = ?", ((tmp_path / "x/y/z").as_uri(),)
        )
    with pytest.raises(TrackingError, match="which is not on this machine"):
        keep(shared, "lost")
    assert not (tmp_path / "x").exists()
    with pytest.raises(TrackingError, match="not this project's own"):
        adopt_place(shared, "file:///x")


def test_a_database_that_cannot_be_changed_is_told_with_both_places(tmp_path, place, local_config):
    folder, _ = place
    moved = tmp_path / "moved"
    folder.rename(moved)
    with closing(sqlite3.connect(moved / "db/mlflow.db")) as database, database:
        database.execute(
            "CREATE TRIGGER no BEFORE UPDATE ON experiments BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(TrackingError, match=r"cannot be changed from .*a%20project.*/moved/"):
        open_store(local_config(moved))
