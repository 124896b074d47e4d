"""Pictures and pages of a real run: drawn when their stage ends, anew when drawing changes."""

import re

import pytest
import yaml

STAGES = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate")
PAGES = ("data_docs/index.html", "drift/index.html", "duplicates/index.html")


def ran(output):
    """Stages that ran, by what the runner says of them."""
    said = re.findall(r"INFO    (\w+): (.*)", output)
    return [stage for stage, why in said if "unchanged" not in why and "changed" in why]


def edit(project, path, old, new):
    file = project.folder / "src/dermaflow" / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def project(copy_finished):
    """A project in which all stages have run."""
    return copy_finished()


@pytest.mark.slow
def test_a_change_of_drawing_draws_again_and_runs_nothing_else(project):
    data = project.folder / "data/smoke"
    page = (data / "08_reporting/data_docs/index.html").read_text()
    style = project.folder / "src/dermaflow/reporting/data_docs/page.css"
    style.write_text(f"{style.read_text()}h1 {{ color: #123456; }}\n")
    output = project.run(*STAGES).stdout
    assert ran(output) == ["validate_drawing"]
    assert "Running node: check_manifest" not in output
    changed = (data / "08_reporting/data_docs/index.html").read_text()
    assert "#123456" in changed and "#123456" not in page
    assert ran(project.run(*STAGES).stdout) == []


def test_a_page_that_cannot_be_drawn_costs_neither_data_nor_other_pages(project):
    data = project.folder / "data/smoke"
    edit(project, "reporting/sample_figures.py", "def draw_samples(", "def not_there(")
    done = project.run(*STAGES, check=False)
    assert done.returncode == 16, done.stdout
    assert (data / "08_reporting/samples").exists()  # still of the data that are there
    changed = ("--params", "validate.split.test=0.3")
    done = project.run(*STAGES, *changed, check=False)
    assert done.returncode == 16, done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("Error: validate_drawing: draw_samples: ")
    for page in PAGES:
        assert (data / "08_reporting" / page).exists(), page
    assert not (data / "08_reporting/samples").exists()  # the old one would show other data
    assert (data / "03_primary/manifest.parquet").exists()
    assert not list(data.rglob(".*.partial"))
    run = project.runs()[0]
    assert run.info.status == "FAILED"
    assert run.data.tags["stages"] == "validate"
    assert "index.html" in project.artifacts(run, "validation/data_docs")

    project.run("git", "checkout", "src")
    output = project.run(*STAGES, *changed).stdout
    assert re.findall(r"(\w+): unchanged, skipped", output) == ["ingest", "validate"]
    assert (data / "08_reporting/samples").exists()


def test_drift_that_stops_the_run_leaves_its_page(project):
    data = project.folder / "data/smoke"
    conf = project.folder / "conf/base/parameters_validate.yml"
    values = yaml.safe_load(conf.read_text())
    values["validate"]["expectations"]["drift"] = [
        {
            "expectation": "expect_column_values_to_be_between",
            "kwargs": {"column": "value", "max_value": -1},  # no distance is
            "on_failure": "stop",
            "reason": "too far",
        }
    ]
    conf.write_text(yaml.safe_dump(values))
    done = project.run(*STAGES, check=False)
    assert done.returncode == 5, done.stdout
    assert "suite drift" in done.stdout
    assert (data / "failed/validate/drift/index.html").exists()
    assert (data / "failed/validate/data_docs/index.html").exists()
    assert "index.html" in project.artifacts(project.runs()[0], "validation/drift")


@pytest.mark.slow
def test_under_repro_too_a_page_that_cannot_be_drawn_stops_no_stage(make_project):
    project = make_project()
    edit(project, "reporting/sample_figures.py", "def draw_samples(", "def not_there(")
    done = project.run("kedro", "repro", "--env", "smoke", check=False)
    assert done.returncode == 16, done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("Error: dvc repro: validate_drawing: draw_samples: ")
    data = project.folder / "data/smoke"
    assert (data / "08_reporting/registration.json").exists()
    assert list((data / "08_reporting/explanations").iterdir())
    assert project.runs()[0].info.status == "FAILED"
    again = project.run("kedro", "repro", "--env", "smoke", check=False).stdout
    assert set(re.findall(r"Running stage '(?:.*:)?(\w+)'", again)) == {"validate_drawing"}
