"""Running ``dvc repro``: variables, order and exit code, with a program in DVC's place."""

import json

import pytest

from dermaflow.schema import DRAWINGS, STAGES
from dermaflow.versioning.dvc.repro_command import DvcRepro

STAND_IN = """
import json, os, sys
with open("calls", "a") as file:
    file.write(json.dumps([sys.argv[1:], os.environ.get("GIVEN")]) + chr(10))
codes = json.load(open("codes"))
code = codes.pop(0) if codes else 0
json.dump(codes, open("codes", "w"))
sys.exit(code)
"""


@pytest.fixture
def repro(tmp_path):
    (tmp_path / "dvc.py").write_text(STAND_IN)  # where `python -m dvc` looks first
    return DvcRepro(tmp_path, tmp_path / "conf" / "dvc.yaml", {"GIVEN": "a"})


def run(repro, codes, *arguments, could_not_draw=False):
    """Gives the exit code, and what each call was told."""
    (repro.project_path / "codes").write_text(json.dumps(codes))
    code = repro.run_all(arguments, lambda: could_not_draw)
    lines = (repro.project_path / "calls").read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    assert {given for _, given in calls} == {"a"}
    assert {waits for (waits, *_), _ in calls} == {"--wait-for-lock"}
    return code, [arguments for (_, *arguments), _ in calls]


def test_the_environments_file_is_added_and_the_exit_code_is_dvcs(repro):
    assert run(repro, [7], "--force") == (7, [["repro", "--force", "conf/dvc.yaml"]])


def test_stages_of_ones_own_choice_are_run_alone(repro):
    asked = ("--force", "conf/dvc.yaml:train")
    assert run(repro, [1], *asked, could_not_draw=True) == (1, [["repro", *asked]])


def test_after_a_picture_that_fails_all_stages_run_and_then_each_picture_by_itself(repro):
    code, calls = run(repro, [16, 0, 16], "-f", could_not_draw=True)
    assert code == 16
    assert calls == [
        ["repro", "-f", "conf/dvc.yaml"],
        ["repro", *(f"conf/dvc.yaml:{stage}" for stage in STAGES)],
        *(["repro", f"conf/dvc.yaml:{DRAWINGS[stage]}"] for stage in STAGES if stage in DRAWINGS),
    ]


def test_a_stage_that_fails_then_ends_it(repro):
    code, calls = run(repro, [16, 1], could_not_draw=True)
    assert (code, len(calls)) == (16, 2)
