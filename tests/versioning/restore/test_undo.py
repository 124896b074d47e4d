"""Each restore is undone by one step back, and none loses what was there."""

import fcntl
import json

import pytest

from dermaflow.errors import IntegrityError, RunningError, VersioningError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.git import code_version, current_branch, uncommitted_patch
from dermaflow.versioning.restore.restore_run import outputs_of, restore_code
from dermaflow.versioning.restore.undo import go_back, leave, stay
from dermaflow.versioning.stages import stage_locks
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.stage_locks import StageLocks
from versioning.restore.history import ENV, RAW, A, B

NOTES = ".dvc/tmp/before_restore.json"
LOCK = "dvc.lock"
RAW_LIST = f"{RAW}/list.csv"


def restore(history, state, patch=b"", code=True):
    """Leave for another state; its data come by hand, as DVC would bring them."""
    commit, raw = (state.commit, state.raw) if code else (None, {})
    kept = leave(history.folder, ENV, commit, patch, raw)
    if code:
        restore_code(history.folder, commit, patch)
    for name, text in state.contents.items():
        if code or not name.startswith(RAW):
            path = history.folder / name
            path.unlink(missing_ok=True)
            path.write_text(text)
    return kept


def depth(history):
    """Number of restores that are not undone."""
    file = history.folder / NOTES
    return len(json.loads(file.read_text())) if file.exists() else 0


def test_the_way_back_brings_code_locks_raw_data_and_outputs_once(history, old, new):
    lock = (history.folder / LOCK).read_text()
    assert restore(history, old) == []  # DVC held it all
    (history.folder / LOCK).write_text("of the run\n")
    assert history.contents() == old.contents
    assert go_back(history.folder) == "main"
    assert current_branch(history.folder) == "main"
    assert code_version(history.folder) == (new.commit, False)
    assert history.contents() == new.contents
    assert (history.folder / LOCK).read_text() == lock
    with pytest.raises(VersioningError, match="no run was restored here"):
        go_back(history.folder)


def test_without_a_repository_data_alone_come_back_and_go_again(history, old, new):
    history.leave_git()
    restore(history, old, code=False)
    assert history.contents() == {**old.contents, RAW_LIST: new.contents[RAW_LIST]}
    go_back(history.folder)
    assert history.contents() == new.contents


def test_while_a_run_uses_the_data_there_is_no_way_back(history, old, monkeypatch):
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 0)
    restore(history, old)
    run = StageLocks(history.folder / "records")
    run.share("validate")
    with pytest.raises(RunningError, match=r"^validate: another run"):
        go_back(history.folder)
    assert history.contents() == old.contents
    run.release()
    assert go_back(history.folder) == "main"


def test_restores_are_undone_one_by_one(history, old, new):
    history.write("mine")  # outputs that no run of DVC's knows
    (history.folder / RAW / "list.csv").write_text(new.contents[f"{RAW}/list.csv"])
    mine = history.contents()
    assert set(restore(history, old)) == {"ingest", "validate"}
    assert restore(history, new, code=False) == []
    assert depth(history) == 2
    assert go_back(history.folder) == old.commit
    assert history.contents() == old.contents
    assert depth(history) == 1
    assert go_back(history.folder) == "main"
    assert history.contents() == mine
    assert depth(history) == 0


def test_a_restore_that_git_refuses_leaves_the_way_back_as_it_was(history, old, new):
    restore(history, old)
    leave(history.folder, ENV, new.commit, b"", new.raw)
    stay(history.folder)
    assert depth(history) == 1
    assert go_back(history.folder) == "main"


def test_a_restore_whose_changes_do_not_apply_can_be_undone(history, old, new):
    leave(history.folder, ENV, old.commit, b"no patch", old.raw)
    with pytest.raises(VersioningError, match="git apply refused"):
        restore_code(history.folder, old.commit, b"no patch")
    stay(history.folder)
    assert go_back(history.folder) == "main"
    assert code_version(history.folder) == (new.commit, False)


def test_what_was_made_since_the_restore_is_kept_in_the_cache(history, old):
    restore(history, old)
    (history.folder / A).write_text("made since\n")
    made = hash_path(history.folder / A)
    go_back(history.folder)
    assert not DvcCache.of(history.folder).missing([made])


def test_a_lock_that_was_not_there_goes_again(history, old, new):
    (history.folder / LOCK).unlink()
    restore(history, old)
    (history.folder / LOCK).write_text("of the run\n")
    go_back(history.folder)
    assert not (history.folder / LOCK).exists()
    assert history.contents() == new.contents


def test_data_that_are_in_no_cache_are_named_and_the_way_back_can_be_repeated(history, old, new):
    restore(history, old)
    item = history.object(outputs_of(new.entries)[B])
    away = item.path.rename(history.folder / ".dvc/tmp/away")
    with pytest.raises(VersioningError, match=f"those of main again, but not {B}: not in DVC's"):
        go_back(history.folder)
    assert code_version(history.folder) == (new.commit, False)
    assert history.contents()[A] == new.contents[A]
    assert depth(history) == 1
    away.rename(item.path)
    assert go_back(history.folder) == "main"
    assert history.contents() == new.contents
    assert depth(history) == 0


def test_a_way_back_on_which_dvc_was_busy_can_be_repeated(history, old, new):
    restore(history, old)
    with (history.folder / ".dvc/tmp/lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as one of DVC's own commands
        with pytest.raises(VersioningError, match=r"^dvc checkout: .*lock"):
            go_back(history.folder)
    # The code is back, so that the `.dvc` file is not that of the raw data that are still here.
    assert code_version(history.folder) == (new.commit, False)
    assert history.contents() == old.contents
    assert go_back(history.folder) == "main"
    assert history.contents() == new.contents


def test_a_damaged_copy_is_refused_on_the_way_back_too(history, old, new, damage):
    restore(history, old)
    damage(history.object(outputs_of(new.entries)[B]))
    with pytest.raises(IntegrityError, match=f"^{B} is not what validate wrote"):
        go_back(history.folder)
    assert depth(history) == 1


@pytest.fixture
def patch(history, old):
    """A change of code that the older state had, uncommitted."""
    history.git("checkout", "--quiet", old.commit)
    (history.folder / "src/a.py").write_text("name = 'tried'\n")
    patch = uncommitted_patch(history.folder)
    history.git("checkout", "--quiet", "--force", "main")
    return patch


def test_the_runs_changes_of_code_go_again(history, old, new, patch):
    restore(history, old, patch)
    assert (history.folder / "src/a.py").read_text() == "name = 'tried'\n"
    go_back(history.folder)
    assert code_version(history.folder) == (new.commit, False)


def test_a_change_of_ones_own_on_top_of_the_runs_is_not_lost(history, old, patch):
    restore(history, old, patch)
    (history.folder / "src/a.py").write_text("mine\n")
    with pytest.raises(VersioningError, match="git apply refused"):
        go_back(history.folder)
    assert (history.folder / "src/a.py").read_text() == "mine\n"
    assert code_version(history.folder) == (old.commit, True)
    (history.folder / "src/a.py").write_text("name = 'tried'\n")
    assert go_back(history.folder) == "main"


def test_the_runs_changes_are_taken_back_once_though_git_refuses_the_checkout(history, old, new):
    history.git("checkout", "--quiet", old.commit)
    (history.folder / "src/tried.py").write_text("tried\n")
    patch = uncommitted_patch(history.folder)
    (history.folder / "src/tried.py").unlink()
    history.git("checkout", "--quiet", "--force", "main")

    restore(history, old, patch)
    (history.folder / "src/a.py").write_text("mine\n")
    with pytest.raises(VersioningError, match="git checkout refused"):
        go_back(history.folder)
    assert (history.folder / "src/a.py").read_text() == "mine\n"
    history.git("checkout", "--quiet", "src/a.py")
    assert go_back(history.folder) == "main"
    assert code_version(history.folder) == (new.commit, False)
    assert history.contents() == new.contents


def test_raw_data_that_were_changed_since_are_not_replaced(history, old):
    restore(history, old)
    (history.folder / RAW / "list.csv").write_text("mine\n")
    with pytest.raises(VersioningError, match=f"{RAW} would be replaced, and DVC has no copy"):
        go_back(history.folder)
    assert (history.folder / RAW / "list.csv").read_text() == "mine\n"
    assert code_version(history.folder)[0] == old.commit
    assert depth(history) == 1


def test_who_has_left_by_other_ways_is_told_how_to_go_back(history, old, new):
    restore(history, old)
    history.git("checkout", "--quiet", "--force", "main")
    with pytest.raises(VersioningError, match=f"{old.commit}.*`git checkout main`"):
        go_back(history.folder)
    leave(history.folder, ENV, new.commit, b"", {})  # the next restore begins a new way
    assert depth(history) == 1


@pytest.mark.parametrize("text", ["", "[{", '[{"branch": "main"}]', "{}"])
def test_damaged_notes_are_no_way_back(history, text):
    (history.folder / ".dvc/tmp").mkdir(exist_ok=True)
    (history.folder / NOTES).write_text(text)
    with pytest.raises(VersioningError, match="no run was restored here"):
        go_back(history.folder)
