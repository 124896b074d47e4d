"""``kedro relocate`` in a copied project."""

import shutil
import sqlite3
from contextlib import closing

from mlflow import MlflowClient


def test_a_copied_project_keeps_its_own_artifacts_from_then_on(
    tmp_path, kedro, copy_project, empty_database
):
    original, copy = tmp_path / "original", tmp_path / "copy"
    for folder in (original, copy):
        folder.mkdir()
        copy_project(folder, "base", "smoke")
        (folder / "mlflow/artifacts").mkdir(parents=True)
    database = copy / "mlflow/mlflow.db"
    shutil.copy(empty_database, database)
    client = MlflowClient(f"sqlite:///{database}")
    place = (original / "mlflow/artifacts").as_uri()
    number = client.create_experiment("dermaflow-base", place)
    runs = [client.create_run(number).info.run_id for _ in range(2)]
    (copy / "mlflow/artifacts" / runs[0] / "artifacts").mkdir(parents=True)

    done = kedro("relocate", uri="sqlite:///mlflow/mlflow.db", folder=copy)
    assert done.exit_code == 0, done.output
    own = (copy / "mlflow/artifacts").as_uri()
    assert done.output.endswith(f"artifacts go to {own}; 1 runs and models came along\n")
    with closing(sqlite3.connect(database)) as connection:
        places = dict(connection.execute("SELECT run_uuid, artifact_uri FROM runs").fetchall())
    assert places == {
        runs[0]: f"{own}/{runs[0]}/artifacts",
        runs[1]: f"{place}/{runs[1]}/artifacts",
    }
    assert client.get_experiment(number).artifact_location == own


def test_the_store_of_others_is_left_alone(kedro, store):
    done = kedro("relocate")
    assert done.exit_code == 12
    assert f"Error: {store} is not this project's own" in done.output


def test_a_store_without_the_experiment_is_told(kedro, tmp_path, empty_database):
    shutil.copy(empty_database, tmp_path)
    done = kedro("relocate", uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert done.exit_code == 13
    assert "no experiment 'dermaflow-base'" in done.output
