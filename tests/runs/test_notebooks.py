"""Notebooks run from top to bottom on a finished run, and are kept without outputs."""

import json
import shutil

import pytest


def notebooks(project_path):
    return sorted((project_path / "notebooks").glob("*.ipynb"))


def code_cells(path):
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_no_output_is_kept(project_path):
    assert notebooks(project_path)
    for path in notebooks(project_path):
        assert all(cell["outputs"] == [] for cell in code_cells(path)), path


def run_cells(project, source, name, *checks):
    """All cells of a notebook as one script, and what must hold after them."""
    shutil.copytree(source / "notebooks", project.folder / "notebooks", dirs_exist_ok=True)
    cells = ["".join(cell["source"]) for cell in code_cells(source / "notebooks" / name)]
    script = project.folder / "notebooks" / "all_cells.py"
    script.write_text("\n\n".join(["import os", "os.chdir('notebooks')", *cells, *checks, ""]))
    own_code = f"PYTHONPATH={project.folder}/src"  # the environment holds the checkout's
    project.run("env", own_code, "KEDRO_ENV=smoke", "MPLBACKEND=Agg", "python", str(script))


@pytest.mark.parametrize("name", ["01_look_at_a_run.ipynb"])
def test_every_cell_runs(finished, project_path, name):
    run_cells(
        finished,
        project_path,
        name,
        "assert len(wrong) > 0 and axes[0].images",
        "assert (runs['status'] == 'FINISHED').any()",
        "assert metrics['test']['accuracy']['value'] >= 0",
        "assert version.run_id == run.info.run_id",
        "assert len(plt.get_fignums()) == 6",
    )


@pytest.mark.slow
def test_a_run_that_only_evaluated_shows_the_training_of_its_weights(
    finished, project_path, tmp_path
):
    project = finished.copy(tmp_path / "project", with_runs=True)
    changed = ("--pipelines", "evaluate", "--params", "evaluate.logit_adjustment=1.0")
    project.run("kedro", "run", "--env", "smoke", *changed)
    run_cells(
        project,
        project_path,
        "01_look_at_a_run.ipynb",
        "assert run.data.params['evaluate.logit_adjustment'] == '1.0'",
        "assert run.data.tags['stages'] == 'evaluate' and len(same_weights) == 2",
        "assert len(plt.get_fignums()) == 6",
    )
