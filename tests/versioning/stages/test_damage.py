"""One line says what is wrong with a file and how to get it back."""

import shutil

import pytest

from dermaflow.versioning.stages.damage import Expected, explain, few
from dermaflow.versioning.stages.fingerprint import hash_path

CHECKOUT = "`dvc checkout data/raw` brings it back"
PULL = "`dvc pull data/raw` brings it back"
AGAIN = "`kedro run` with `--pipelines ingest` makes it again"
NO_COPY = "DVC has no copy of it, here or on a remote: find one elsewhere"


def set_remote(repo):
    with repo.config.edit() as conf:
        conf["core"]["remote"] = "store"
        conf["remote"]["store"] = {"url": "/store"}


@pytest.mark.parametrize(
    ("broken", "remote", "filed", "expected"),
    [
        ("", False, True, f"move it away; {CHECKOUT}, or {AGAIN}"),
        ("", True, False, f"move it away; {AGAIN}"),
        ("missing", True, True, f"move it away; {PULL}, or {AGAIN}"),
        ("missing", False, True, f"move it away; {AGAIN}"),
        ("damaged", True, True, f"move both away; {PULL}, or {AGAIN}"),
        ("damaged", False, True, f"move both away; {AGAIN}"),
    ],
)
def test_the_way_back_depends_on_dvcs_copy(
    repo, project, cache, md5, damage, broken, remote, filed, expected
):
    (project / "data/raw/images/a.png").write_bytes(b"\0" * 256)
    if remote:
        set_remote(repo)
    (item,) = [item for item in cache.objects(md5) if item.name == "images/a.png"]
    copy = ""
    if broken == "missing":
        item.path.unlink()
    if broken == "damaged":
        damage(item)
        copy = f"; so is its copy in DVC's cache, {item.path.relative_to(project)}:"
    text = explain(project, Expected("data/raw", [md5], "ingest", filed=filed))
    assert text == (
        "data/raw/images/a.png is not what ingest wrote: damaged, or changed by hand"
        f"{copy or ';'} {expected}"
    )


@pytest.mark.parametrize("content", [b"{}", b'{"accuracy": 0.9}', b"[1, 2]", b"PAR1\xff\0"])
def test_of_an_output_that_is_one_file_there_is_no_list_whatever_is_in_it(repo, project, content):
    file = project / "output"
    file.write_bytes(content)
    repo.add(str(file))
    md5 = hash_path(file)
    file.write_bytes(content + b" ")
    (project / "output.dvc").unlink()
    assert explain(project, Expected("output", [md5], "evaluate", filed=True)) == (
        "output is not what evaluate wrote: damaged, or changed by hand; move it away; `dvc "
        "checkout output` brings it back, or `kedro run` with `--pipelines evaluate` makes it again"
    )


def test_raw_data_may_be_meant_to_change_and_no_stage_makes_them(project, cache, md5):
    (project / "data/raw/images/a.png").write_bytes(b"\0" * 256)
    (item,) = [item for item in cache.objects(md5) if item.name == "images/a.png"]
    item.path.unlink()
    assert explain(project, Expected("data/raw", [md5], "data/raw.dvc", filed=True)) == (
        "data/raw/images/a.png is not what data/raw.dvc says: damaged, or changed by hand; "
        f"`dvc add data/raw` keeps a change that is meant; else move it away; {NO_COPY}"
    )


def test_what_dvc_is_told_to_leave_out_is_not_called_damaged(project, md5):
    (project / ".dvcignore").write_text("notes*\n")
    (project / "data/raw/images/notes.txt").write_text("x")
    text = explain(project, Expected("data/raw", [md5], "data/raw.dvc", filed=True))
    assert text.startswith("data/raw/images/notes.txt is left out by .dvcignore")


def test_a_file_that_is_not_listed_is_named_too(project, md5):
    (project / "data/raw/images/extra.png").write_bytes(b"x")
    (project / "data/raw/list.csv").unlink()
    text = explain(project, Expected("data/raw", [md5], "ingest", filed=True))
    assert text.startswith("data/raw/images/extra.png (and 1 more) is not what ingest wrote")


@pytest.mark.parametrize("dvc", [True, False])
def test_of_what_the_cache_has_no_list_the_path_itself_is_named(project, dvc):
    if not dvc:
        shutil.rmtree(project / ".dvc")
    text = explain(project, Expected("data/raw", ["0" * 32 + ".dir"], "ingest", filed=dvc))
    assert text == (
        f"data/raw is not what ingest wrote: damaged, or changed by hand; move it away; {AGAIN}"
    )


@pytest.mark.parametrize(("names", "expected"), [(["a"], "a"), (["b", "a", "c"], "b (and 2 more)")])
def test_a_few_names_are_the_first_and_how_many_more(names, expected):
    assert few(names) == expected
