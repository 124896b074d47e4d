"""``kedro new-env``: what it writes, what it refuses, and that nothing is overwritten."""

import hashlib

import pytest
from kedro.config import OmegaConfigLoader

from data.drafting import made_up_tables as made_up
from dermaflow.params.check import check_parameters
from dermaflow.settings import CONFIG_LOADER_ARGS


@pytest.fixture
def clinic(copy_project, tmp_path):
    """A project with an export and its images in ``data/01_raw/clinic``."""
    copy_project(tmp_path, "base", "ham10000")
    made_up.clinic(tmp_path / "data/01_raw/clinic")
    return tmp_path


def give(clinic, kedro, *arguments, name="clinic", raw="data/01_raw/clinic"):
    asked = ("--table", f"{raw}/export.csv", "--images", f"{raw}/fotos")
    return kedro("new-env", name, *(arguments or asked), folder=clinic)


def content(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_an_environment_is_drafted_that_kedro_can_run(clinic, kedro):
    before = content(clinic / "data")
    done = give(clinic, kedro)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].strip() == (
        "kedro run --env clinic --pipelines ingest,validate"
    )
    folder = clinic / "conf/clinic"
    assert sorted(path.name for path in folder.iterdir()) == [
        "globals.yml", "mlflow.yml", "parameters.yml", "parameters_augment.yml",
        "parameters_ingest.yml", "parameters_labels.yml", "parameters_register.yml",
        "parameters_train.yml",
    ]  # fmt: skip
    loader = OmegaConfigLoader(str(clinic / "conf"), env="clinic", **CONFIG_LOADER_ARGS)
    parameters = check_parameters(loader["parameters"], [folder])
    assert parameters.ingest.train == ["clinic"]
    assert parameters.ingest.sources["clinic"].table == "data/01_raw/clinic/export.csv"
    assert loader["catalog"]["manifest"]["filepath"].startswith("data/clinic/")
    assert content(clinic / "data") == before  # nothing is changed or copied


def test_places_are_named_from_where_the_command_is_given(clinic, kedro, monkeypatch):
    from click.testing import CliRunner

    from dermaflow.cli import cli

    give(clinic, kedro)  # sets the project up
    monkeypatch.chdir(clinic / "data/01_raw")
    arguments = ["new-env", "other", "--table", "clinic/export.csv", "--images", "./clinic/fotos/"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    text = (clinic / "conf/other/parameters_ingest.yml").read_text(encoding="utf-8")
    assert "images: data/01_raw/clinic/fotos\n" in text


def test_an_environment_that_is_there_stays_as_it_is(clinic, kedro):
    assert give(clinic, kedro).exit_code == 0
    (clinic / "conf/clinic/parameters_labels.yml").write_text("# mine\n")
    before = content(clinic / "conf")
    done = give(clinic, kedro)
    assert done.exit_code == 2
    assert "conf/clinic is there already, and is not overwritten" in done.output
    assert content(clinic / "conf") == before


@pytest.mark.parametrize(
    "name", ["base", "local", "Clinic", "1clinic", "a b", "../x", "a/b", "x" * 41, "-x", "klinik_ä"]
)
def test_a_name_that_will_not_do_is_refused(clinic, kedro, name):
    before = sorted(clinic.rglob("*"))
    raw = clinic / "data/01_raw/clinic"
    done = give(clinic, kedro, "--images", str(raw / "fotos"), "--", name)
    assert done.exit_code == 2
    assert sorted(clinic.rglob("*")) == before


@pytest.mark.parametrize("images", ["data", "data/clinic"])
def test_outputs_never_go_among_the_images(clinic, kedro, images):
    (clinic / "data/clinic").mkdir()
    done = give(clinic, kedro, "--images", images)
    assert done.exit_code == 2
    assert "would write to data/clinic, among the images" in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--images", "nowhere"), 4, "there is no folder"),
        (("--images", "data/01_raw/clinic/fotos", "--table", "no.csv"), 4, "there is no table"),
        (("--images", "data/01_raw/clinic/fotos", "--column", "label=x"), 2, "goes with --table"),
        (("--images", "data/01_raw/clinic/fotos", "--column", "x"), 2, "is not MEANING=NAME"),
        (("--table", "data/01_raw/clinic/export.csv"), 2, "--images"),
    ],
)
def test_what_cannot_be_drafted_leaves_nothing(clinic, kedro, arguments, code, told):
    before = sorted((clinic / "conf").iterdir())
    done = give(clinic, kedro, *arguments)
    assert done.exit_code == code, done.output
    assert told in done.output
    assert sorted((clinic / "conf").iterdir()) == before


def test_a_column_may_be_named(clinic, kedro):
    raw = "data/01_raw/clinic"
    done = give(
        clinic, kedro, "--table", f"{raw}/export.csv", "--images", f"{raw}/fotos",
        "--column", "label=Lokalisation", "--column", "localization=Diagnose",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    text = (clinic / "conf/clinic/parameters_ingest.yml").read_text(encoding="utf-8")
    assert "label: Lokalisation" in text
    assert "localization: Diagnose" in text
