"""A run comes back with its code and data; what would be lost or cannot come back is named."""

import shutil

import pytest

from dermaflow.errors import IntegrityError, VersioningError
from dermaflow.versioning.dvc.lock import read_lock
from dermaflow.versioning.git import code_version, uncommitted_patch
from dermaflow.versioning.restore.restore_run import (
    checkout_data,
    outputs_of,
    raw_deps,
    require_code,
    require_data,
    require_raw,
    restore_code,
    restore_data,
)
from dermaflow.versioning.restore.undo import leave
from dermaflow.versioning.stages.fingerprint import hash_path
from versioning.restore.history import ENV, PICTURES, RAW, A, B


def entry(deps, outs):
    def items(hashes):
        return [{"path": path, "md5": md5} for path, md5 in hashes.items()]

    return {"deps": items(deps), "outs": items(outs)}


ENTRIES = {
    "ingest": entry({"src/a.py": "1", "data/raw": "2"}, {"data/a": "3", "data/b": "4.dir"}),
    "validate": entry({"src/b.py": "5", "data/a": "3", "data/list.csv": "6"}, {"data/c": "7"}),
}


def test_raw_data_are_what_is_neither_code_nor_made_by_a_stage():
    assert raw_deps(ENTRIES) == {"data/raw": "2", "data/list.csv": "6"}
    assert outputs_of(ENTRIES) == {"data/a": "3", "data/b": "4.dir", "data/c": "7"}


def test_a_run_without_outputs_or_a_project_without_dvc_is_refused(history, old):
    require_data(history.folder, old.entries)
    with pytest.raises(VersioningError, match="no stage of it was finished"):
        require_data(history.folder, {})
    shutil.rmtree(history.folder / ".dvc")
    with pytest.raises(VersioningError, match="`dvc init`"):
        require_data(history.folder, old.entries)


def test_code_that_is_not_known_not_here_or_would_be_lost_is_refused(history, old):
    assert require_code(history.folder, old.commit) == old.commit
    with pytest.raises(VersioningError, match="outside a git checkout"):
        require_code(history.folder, None)
    with pytest.raises(VersioningError, match=r"^commit 0{40} is not in this repository"):
        require_code(history.folder, "0" * 40)
    (history.folder / "src/mine.py").write_text("mine")
    with pytest.raises(VersioningError, match="git stash --include-untracked"):
        require_code(history.folder, old.commit)
    history.leave_git()
    with pytest.raises(VersioningError, match=r"no git repository .* `--data-only` brings"):
        require_code(history.folder, old.commit)


def test_a_checkout_that_git_may_not_read_is_refused_with_gits_advice(history, old, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(VersioningError, match=r"--add safe\.directory"):
        require_code(history.folder, old.commit)
    with pytest.raises(VersioningError, match=r"--add safe\.directory"):
        leave(history.folder, ENV, None, b"", [])
    monkeypatch.setenv("PATH", str(history.folder))
    with pytest.raises(VersioningError, match="git cannot be run"):
        require_code(history.folder, old.commit)


def test_raw_data_are_replaced_only_if_dvc_has_a_copy(project, cache, md5):
    other = {"data/raw": "0" * 32 + ".dir"}
    require_raw(project, other)  # what is here is what data/raw.dvc says, and cached
    require_raw(project, {"data/gone": "0" * 32})
    (item,) = [item for item in cache.objects(md5) if item.name == "list.csv"]
    content = item.path.read_bytes()
    item.path.unlink()
    with pytest.raises(VersioningError, match="`dvc add data/raw` first"):
        require_raw(project, other)
    item.path.write_bytes(content)
    (project / "data/raw/list.csv").write_text("changed")
    with pytest.raises(VersioningError, match="`dvc add data/raw` first"):
        require_raw(project, other)
    require_raw(project, {"data/raw": hash_path(project / "data/raw")})  # it is that already


@pytest.mark.parametrize("where", ["old", "new"])
def test_code_comes_back_with_the_changes_it_had_and_locks_stay(history, where):
    commit = history.states[where].commit
    history.git("checkout", "--quiet", commit)
    (history.folder / "src/tried.py").write_text("tried\n")
    patch = uncommitted_patch(history.folder)
    (history.folder / "src/tried.py").unlink()
    history.git("checkout", "--quiet", "main")
    (history.folder / "dvc.lock").write_text("of what is there\n")

    said = restore_code(history.folder, commit, patch)
    how = "was checked out already" if where == "new" else "is checked out"
    assert said == f"{commit[:10]} {how}, with the changes it had"
    assert code_version(history.folder) == (commit, True)
    assert (history.folder / "src/a.py").read_text() == f"name = {where!r}\n"
    assert (history.folder / "src/tried.py").read_text() == "tried\n"
    assert (history.folder / "dvc.lock").read_text() == "of what is there\n"


def test_data_come_back_and_stages_that_the_run_did_not_have_keep_their_entries(history, old, new):
    restore_code(history.folder, old.commit, b"")
    only_ingest = {"ingest": old.entries["ingest"]}
    assert restore_data(history.folder, ENV, only_ingest, old.raw) == []
    assert history.contents() == old.contents | {B: new.contents[B]}
    lock = read_lock(history.folder / "dvc.lock")
    assert lock == {"ingest": old.entries["ingest"], "validate": new.entries["validate"]}


def test_what_is_in_no_cache_is_named_and_the_rest_comes_back(history, old):
    hashes = outputs_of(old.entries)
    history.object(hashes[B]).path.unlink()
    history.object(hashes[PICTURES], "1.png").path.unlink()  # the folder is cached in part
    assert restore_data(history.folder, ENV, old.entries, {}) == [B, PICTURES]
    assert history.contents()[A] == old.contents[A]


def test_raw_data_that_are_not_back_are_named_unless_any_will_do(history, old):
    # Without its code, the `.dvc` file of the newer state is here.
    assert checkout_data(history.folder, ENV, {}, {RAW: None}) == []
    assert checkout_data(history.folder, ENV, {}, old.raw) == [RAW]


def test_a_damaged_copy_of_dvcs_is_refused(history, old, damage):
    item = history.object(outputs_of(old.entries)[PICTURES], "1.png")
    damage(item)
    with pytest.raises(IntegrityError, match=f"^{PICTURES}/1.png is not what ingest") as caught:
        restore_data(history.folder, ENV, old.entries, {})
    relative = item.path.relative_to(history.folder)
    assert f"so is its copy in DVC's cache, {relative}: move both away" in str(caught.value)


def test_a_checkout_that_dvc_refuses_is_told_in_one_line(history, old):
    (history.folder / "dvc.yaml").write_text("stages: [none]\n")
    with pytest.raises(VersioningError, match=r"^dvc checkout: .*dvc\.yaml") as caught:
        restore_data(history.folder, ENV, old.entries, {})
    assert "\n" not in str(caught.value)
