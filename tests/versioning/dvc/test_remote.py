"""DVC's cache is filled from its remote."""

import shutil

from dvc.repo import Repo

from dermaflow.versioning.dvc.remote import fetch


def test_an_empty_cache_is_filled_from_the_remote(repo, project, cache, md5, tmp_path, caplog):
    assert "no remote" in fetch(project, [md5])
    with repo.config.edit() as conf:
        conf["core"]["remote"] = "store"
        conf["remote"]["store"] = {"url": str(tmp_path / "store")}
    with Repo(str(project)) as repo:
        repo.push()
    shutil.rmtree(cache.folder)
    assert "'store'" in fetch(project, [md5, "0" * 32])
    assert not cache.missing([md5])
    assert cache.damaged(md5) == []
    assert cache.missing(["0" * 32])

    shutil.rmtree(cache.folder)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").write_text("no folder")
    caplog.clear()
    fetch(project, [md5])
    assert "DVC's remote 'store': " in caplog.text
    assert cache.missing([md5])
