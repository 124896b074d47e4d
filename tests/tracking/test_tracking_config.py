"""Where runs are kept: what conf says, and what the environment variable makes of it."""

import pytest
from mlflow import MlflowClient

from dermaflow.errors import ParameterError, TrackingError
from dermaflow.tracking.tracking_config import TrackingConfig

VALUES = {
    "tracking_uri": "sqlite:///db/x.db",
    "artifact_location": "artifacts",
    "experiment": "e",
    "system_metrics_interval": 0,
    "log_pictures": True,
}
SERVER = "http://mlflow.example:5000"


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for a chosen store


def resolve(folder, **changes):
    resolved = TrackingConfig(**VALUES | changes).resolve(folder)
    return resolved.tracking_uri, resolved.artifact_location


def test_paths_are_relative_to_the_project(tmp_path):
    artifacts = (tmp_path / "artifacts").as_uri()
    assert resolve(tmp_path) == (f"sqlite:///{tmp_path}/db/x.db", artifacts)
    absolute = "sqlite:////mnt/x.db"
    assert resolve(tmp_path, tracking_uri=absolute) == (absolute, artifacts)
    for location in ("s3://bucket/artifacts", None):
        assert resolve(tmp_path, artifact_location=location)[1] == location


def test_what_is_resolved_already_stays_as_it_is(tmp_path):
    config = TrackingConfig(**VALUES).resolve(tmp_path)
    assert config.resolve(tmp_path / "another") == config


@pytest.mark.parametrize(
    ("chosen", "uri", "location"),
    [
        ("sqlite:///other.db", "sqlite:///{folder}/other.db", "file://{folder}/artifacts"),
        (SERVER, SERVER, None),
        ("", "sqlite:///{folder}/db/x.db", "file://{folder}/artifacts"),
    ],
)
def test_the_environment_variable_wins_and_a_server_drops_the_local_folder(
    tmp_path, monkeypatch, chosen, uri, location
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", chosen)
    expected = [text and text.format(folder=tmp_path) for text in (uri, location)]
    assert list(resolve(tmp_path)) == expected


def test_a_server_that_conf_names_keeps_the_location_that_conf_gives_it(tmp_path, monkeypatch):
    conf = {"tracking_uri": SERVER, "artifact_location": "s3://bucket/artifacts"}
    assert resolve(tmp_path, **conf) == (SERVER, "s3://bucket/artifacts")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://another.example:5000")
    assert resolve(tmp_path, **conf) == ("http://another.example:5000", None)


@pytest.mark.parametrize(
    ("changes", "own", "portable"),
    [
        ({}, True, "sqlite:///db/x.db"),
        ({"artifact_location": "s3://bucket/a"}, False, "sqlite:///{folder}/db/x.db"),
        ({"artifact_location": None}, False, "sqlite:///{folder}/db/x.db"),
        ({"tracking_uri": "sqlite:////mnt/x.db"}, False, "sqlite:////mnt/x.db"),
        ({"tracking_uri": "http://a:b@host"}, False, "http://***@host"),
    ],
)
def test_a_store_is_the_projects_own_if_database_and_artifacts_are_in_it(
    tmp_path, changes, own, portable
):
    folder = tmp_path / "a project"
    config = TrackingConfig(**VALUES | changes)
    assert config.own_folder is None  # before the paths are known
    resolved = config.resolve(folder)
    assert resolved.own_folder == (folder if own else None)
    assert resolved.portable_uri == portable.format(folder=folder)


@pytest.mark.parametrize("name", ["a?b", "a%2Fb", "a%20b"])
def test_a_path_that_would_lead_the_database_elsewhere_is_refused(tmp_path, name):
    config = TrackingConfig(**VALUES)
    with pytest.raises(TrackingError, match=r"no SQLite URI can name a path with \? or with %"):
        config.resolve(tmp_path / name)
    by_server = TrackingConfig(**VALUES | {"tracking_uri": SERVER})
    assert by_server.resolve(tmp_path / name).tracking_uri == SERVER


@pytest.mark.parametrize("name", ["a b", "a#b", "100%", "a+b;c&d", "ä"])
def test_other_signs_in_the_projects_path_are_part_of_it(tmp_path, name):
    resolved = TrackingConfig(**VALUES).resolve(tmp_path / name)
    assert resolved.database == tmp_path / name / "db/x.db"
    assert resolved.own_folder == tmp_path / name
    resolved.database.parent.mkdir(parents=True)
    MlflowClient(resolved.tracking_uri).search_experiments(max_results=1)
    assert resolved.database.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tracking_url": "x"}, r"^tracking_url: Extra inputs.*\(mlflow\.yml in conf/\)$"),
        ({"system_metrics_interval": -1}, r"^system_metrics_interval: .*greater than or equal"),
        ({"experiment": None}, r"^experiment: .*string"),
    ],
)
def test_a_wrong_key_of_the_configuration_is_named(changes, message):
    with pytest.raises(ParameterError, match=message):
        TrackingConfig.read({"mlflow": VALUES | changes})


def test_a_missing_key_of_the_configuration_is_named():
    present = {key: value for key, value in VALUES.items() if key != "artifact_location"}
    with pytest.raises(ParameterError, match=r"^artifact_location: Field required"):
        TrackingConfig.read({"mlflow": present})
