"""Runs at the same time: of one environment, and of two that share MLflow's and DVC's stores."""

import re
import shutil

import pytest

from dermaflow.versioning.stages.fingerprint import hash_path
from waiting import wait_until

STORE = "02_intermediate/image_store"
RUN = ("kedro", "run", "--pipelines", "ingest", "--env")


@pytest.mark.slow
def test_one_run_of_an_environment_at_a_time_but_two_environments_side_by_side(make_project):
    project = make_project()
    shutil.copytree(project.folder / "conf/smoke", project.folder / "conf/other")
    (project.folder / "conf/other/globals.yml").write_text("data: data/other\n")
    project.run("kedro", "dvc-yaml")

    first, other = project.start(*RUN, "smoke"), project.start(*RUN, "other")
    lock = project.folder / "data/smoke/stage_records/ingest.lock"
    wait_until(lambda: lock.exists() and lock.read_text(), first)
    second = project.start(*RUN, "smoke")
    outputs = [run.communicate()[0] for run in (first, other, second)]
    assert [first.returncode, other.returncode] == [0, 0], outputs
    if second.returncode:  # else it began when the first had ended, which only a slow machine sees
        assert second.returncode == 9, outputs[2]
        last = outputs[2].strip().splitlines()[-1]
        expected = rf"another run \(process {first.pid}\) writes or uses .*/stage_records/\w+\.lock"
        assert re.search(expected, last), last

    assert sum("DVC: committed: ingest" in output for output in outputs) == 2
    assert sorted(run.info.status for run in project.runs()) == ["FINISHED", "FINISHED"]
    stores = (project.folder / "data" / env / STORE for env in ("smoke", "other"))
    assert len({hash_path(store) for store in stores} - {None}) == 1
