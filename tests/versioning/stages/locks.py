"""What DVC would write of a toy project, without DVC."""

from dermaflow.versioning.dvc.lock import entry_of, write_lock
from versioning.toy_project import RAW


def keep_track(toy, md5):
    """Write the file that ``dvc add`` writes of the raw data, with a hash."""
    text = f"outs:\n- {{md5: {md5}, hash: md5, path: clinic}}\n"
    toy.path(f"{RAW}.dvc").write_text(text)


def lock(toy, *stages, path="conf/toy/dvc.lock"):
    """Write what is there of stages into a ``dvc.lock``."""
    workspace, entries = toy.workspace(), {}
    for stage in stages:
        now = workspace.now(stage)
        entries[stage] = entry_of(now, "true", {"conf/base/parameters.yml": now.parameters})
    toy.path(path).parent.mkdir(parents=True, exist_ok=True)
    write_lock(toy.path(path), entries)
