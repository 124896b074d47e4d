"""DVC's commands run to their end, whatever it is."""

from dermaflow.versioning.dvc.command import run_dvc


def test_a_command_runs_in_the_project_with_what_it_is_given_to_read(project, tmp_path):
    (project / ".dvcignore").write_text("notes*\n")
    given = "data/raw/notes.txt\ndata/raw/list.csv\n"
    done = run_dvc(project, "check-ignore", "--stdin", given=given)
    assert done.returncode == 0
    assert done.stdout == "data/raw/notes.txt\n"
    failed = run_dvc(tmp_path, "status")
    assert failed.returncode != 0
    assert "not inside of a DVC repository" in failed.stderr
