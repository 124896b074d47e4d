"""docs/bring_your_own_data.md, followed word for word in a fresh copy of the project.

Conventions of the page's fenced blocks:

- ``yaml``: a file to write, as it stands; its first line is a comment with the path.
- ``bash``: commands that must succeed. ``bash long`` is left out here, for its length alone.
- ``console``: ``$ command`` above lines of what it prints, in their order; ``…`` stands for
  anything. Lines between them, and what stands to the left of one (the time), may be left out on
  the page. A command that prints ``Error:`` must fail, every other one succeed.
"""

import json
import re
import shutil

import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient

PAGE = "docs/bring_your_own_data.md"
BLOCK = re.compile(r"^```(\w+)( long)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Follower:
    """Does what sections of the page say, in their order."""

    def __init__(self, project, page):
        self.project = project
        parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
        self.sections = {"Bring your own data": parts[0]}
        self.sections |= dict(zip(parts[1::2], parts[2::2], strict=True))

    def follow(self, *numbers):
        for title, text in self.sections.items():
            if title.startswith(numbers):
                for kind, is_long, body in BLOCK.findall(text):
                    if not is_long:
                        getattr(self, f"do_{kind}")(body)

    def do_yaml(self, body):
        path = self.project.folder / body.splitlines()[0].removeprefix("# ")
        assert path.suffix == ".yml", body
        path.parent.mkdir(exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def do_bash(self, body):
        self.project.run("bash", "-e", "-c", body)

    def do_console(self, body):
        for entry in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *shown = entry.replace("\\\n", "").splitlines()  # as the shell joins lines
            fails = any(line.startswith("Error:") for line in shown)
            done = self.project.run("bash", "-c", command, check=not fails)
            assert (done.returncode != 0) == fails, done.stdout[-3000:]
            printed = iter(done.stdout.splitlines())
            for line in shown:
                pattern = ".*".join(map(re.escape, line.strip().split("…")))
                assert any(re.search(f"{pattern}$", text.strip()) for text in printed), (
                    f"{line!r} is not in:\n{done.stdout[-3000:]}"
                )


@pytest.fixture(scope="module")
def follower(make_project, project_path):
    """Somebody who has come as far as the first look at the data."""
    project = make_project()
    shutil.copytree(project_path / "docs", project.folder / "docs")
    follower = Follower(project, (project_path / PAGE).read_text(encoding="utf-8"))
    follower.follow("Bring", "1.", "2.", "3.", "4.")
    return follower


def test_every_block_is_followed(project_path):
    page = (project_path / PAGE).read_text(encoding="utf-8")
    assert len(re.findall(r"^```\w", page, re.MULTILINE)) == len(BLOCK.findall(page))
    assert {kind for kind, *_ in BLOCK.findall(page)} == {"yaml", "bash", "console"}


def test_pictures_and_links_of_the_page_exist(project_path):
    page = (project_path / PAGE).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page):
        assert (project_path / "docs" / link).exists(), link


def test_the_data_are_in_our_words_and_patients_on_one_side(follower):
    manifest = pd.read_parquet(
        follower.project.folder / "data/hospital/03_primary/manifest.parquet"
    )
    assert set(manifest["label"]) == {"bcc", "mel", "nv", "scc"}
    assert set(manifest["sex"].dropna()) == {"female", "male"}
    assert set(manifest["dx_type"]) == {"histo", "follow_up"}
    assert manifest.groupby("patient_id")["split"].nunique().max() == 1
    assert manifest["patient_id"].duplicated().any()


@pytest.mark.slow
def test_the_rest_of_the_page(follower):
    follower.follow("5.", "6.", "7.", "8.")
    folder = follower.project.folder
    metrics = json.loads((folder / "data/hospital/08_reporting/metrics.json").read_text())
    assert metrics["test"]["scc/support"]["value"] > 0
    client = MlflowClient(follower.project.tracking_uri)
    version = client.get_model_version("dermaflow-hospital", "1")
    assert version.tags["data_licence"] == "property of the hospital, not to be passed on"
    logged = client.get_run(version.run_id).data.params["labels.schemes.hospital.mel"]
    assert logged == "['Melanom (invasiv)']"
    assert follower.project.run("git", "status", "--porcelain", "conf/hospital").stdout in (
        "",
        "?? conf/hospital/dvc.lock\n",
    )
    stages = yaml.safe_load((folder / "conf/hospital/dvc.yaml").read_text())["stages"]
    assert {"conf/hospital/parameters_labels.yml": None} in stages["ingest"]["params"]
