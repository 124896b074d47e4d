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


@pytest.mark.parametrize("name", ["01_look_at_a_run.ipynb"])
def test_every_cell_runs(finished, project_path, name):
    shutil.copytree(project_path / "notebooks", finished.folder / "notebooks", dirs_exist_ok=True)
    cells = code_cells(project_path / "notebooks" / name)
    source = "\n\n".join("".join(cell["source"]) for cell in cells)
    script = finished.folder / "notebooks" / "all_cells.py"
    script.write_text(
        f"import os\nos.chdir('notebooks')\n{source}\n\n"
        "assert len(wrong) > 0 and axes[0].images\n"
        "assert (runs['status'] == 'FINISHED').any()\n"
        "assert metrics['test/accuracy'] >= 0\n"
        "assert version.run_id == run.info.run_id\n"
        "assert len(plt.get_fignums()) == 6\n"
    )
    finished.run("env", "KEDRO_ENV=smoke", "MPLBACKEND=Agg", "python", str(script))
