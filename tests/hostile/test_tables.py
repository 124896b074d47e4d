"""A table that cannot be read as it was meant is refused in one line that tells where and why."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import SourceError
from dermaflow.pipelines.ingest.nodes import read_records
from dermaflow.pipelines.validate.nodes import find_duplicates
from dermaflow.schema import DECODE_COLUMNS, RECORD_COLUMNS
from hostile import decisions, tables
from hostile.stages import LABELS, describe_ingest, run_stages
from hostile.world import bounded, describe_table, quiet, unchanged, write_table


@pytest.fixture
def folder(tmp_path):
    """A folder with sound pictures and no table."""
    write_table(tmp_path, [])
    (tmp_path / "list.csv").unlink()
    return tmp_path


def assert_is_one_line(error, *names):
    text = str(error)
    assert text.isprintable()
    assert len(text) < 500
    for name in names:
        assert name in text


@pytest.mark.parametrize("case", tables.REFUSED, ids=lambda case: case.id)
def test_a_hostile_table_is_refused(folder, params, case):
    path = folder / f"list{case.suffix or '.csv'}"
    case.put(path)
    source = describe_table(folder, path.name)
    target = folder / "work" / "out"
    with unchanged(folder, but=target), bounded(), quiet(), pytest.raises(SourceError) as caught:
        run_stages(target, source, params)
    assert case.says in str(caught.value)
    place = "ingest.sources.clinic" if "no image" in case.says else path.name
    assert_is_one_line(caught.value, place)
    assert not list(target.iterdir())


def records_of(folder, name):
    return read_records(describe_ingest(describe_table(folder, name)), LABELS, 17)[0]


@pytest.mark.parametrize("case", tables.ACCEPTED, ids=lambda case: case.id)
def test_dialects_mean_the_same(folder, case):
    (folder / "plain.csv").write_text(tables.PLAIN)
    path = folder / f"list{case.suffix or '.csv'}"
    case.put(path)
    records = records_of(folder, path.name)
    pd.testing.assert_frame_equal(records, records_of(folder, "plain.csv"))
    assert records["image_id"].tolist() == ["a", "b", "c"]


def decide(path, params):
    """Let the file overrule a finder that finds nothing among the images a, b and c."""
    decided = params.model_copy(update={"decisions": str(path)})
    duplicates = params_of("duplicates", {"candidates": 0})
    manifest = pd.DataFrame(None, range(3), [*RECORD_COLUMNS, *DECODE_COLUMNS], dtype=object)
    manifest = manifest.assign(image_id=list("abc"), lesion_id=list("abc"), role="train")
    return find_duplicates(manifest, {"broken": []}, None, decided, duplicates, 17)


@pytest.mark.parametrize("case", decisions.CASES, ids=lambda case: case.id)
def test_hostile_decisions_are_refused(tmp_path, params, case):
    path = tmp_path / "decisions.csv"
    case.put(path)
    with unchanged(tmp_path), pytest.raises(SourceError) as caught:
        decide(path, params)
    assert case.says in str(caught.value)
    assert_is_one_line(caught.value, "decisions.csv")


def test_decisions_in_other_dialects_are_read_and_those_of_no_image_are_told(
    tmp_path, params, caplog
):
    path = tmp_path / "decisions.csv"
    rows = "by;image_a;image_b;decision\nkim; a ;b;same\nkim;a\0;c;same\nkim;../c;c;different\n"
    path.write_text("\ufeff" + rows, encoding="utf-8")
    pairs = decide(path, params)
    assert pairs[["image_a", "image_b", "decision"]].to_numpy().tolist() == [["a", "b", "same"]]
    assert "2 of 3 decisions name images that are not in the manifest" in caplog.text
