"""The job runs the ingest stage's nodes on as many records as it is told."""

import json

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.images.image_store import ImageStore
from dermaflow.pipelines.ingest.nodes import read_records
from dermaflow_bench.bare_decoding import Cost
from dermaflow_bench.ingest_job import IngestJob, main, run_ingest


@pytest.fixture
def make_job(tmp_path):
    """Make a job on seven phantoms."""
    phantoms = {
        "kind": "phantoms",
        "images": {"mel": 3, "nv": 4},
        "images_per_lesion": 1,
        "planted_faults": False,
    }
    few = {"external": [], "sources": {"phantoms": phantoms}}

    def make_job(limit=None):
        return IngestJob(
            ingest=params_of("ingest", few),
            labels=params_of("labels"),
            image=params_of("image", {"height": 32, "width": 48}),
            seed=3,
            folder=str(tmp_path),
            limit=limit,
        )

    return make_job


@pytest.mark.parametrize(("limit", "count"), [(5, 5), (7, 7), (9, 7), (None, 7)])
def test_the_first_records_are_ingested_up_to_the_limit(make_job, tmp_path, limit, count):
    job = make_job(limit)
    run_ingest(job)
    records, _ = read_records(job.ingest, job.labels, job.seed)
    listed = records["image_id"].head(count).tolist()
    for table in ("raw_records", "raw_manifest"):
        assert pd.read_parquet(tmp_path / f"{table}.parquet")["image_id"].tolist() == listed
    for store, channels in (("image_store", 3), ("mask_store", 1)):
        kept = ImageStore(tmp_path / store)
        assert kept.shape == (32, 48, channels)
        assert sorted(kept.index["image_id"]) == sorted(listed)


def test_only_what_was_added_is_decoded_again(make_job, caplog):
    run_ingest(make_job(limit=5))
    with caplog.at_level("INFO"):
        run_ingest(make_job())
    assert caplog.messages.count("5 of 7 images taken over undecoded") == 2  # and their masks


def test_a_job_of_a_file_prints_what_it_cost(make_job, tmp_path, capsys):
    path = tmp_path / "job.json"
    path.write_text(make_job(limit=1).model_dump_json())
    main(str(path))
    cost = Cost(**json.loads(capsys.readouterr().out))
    assert cost.wall > 0
    assert cost.cpu > 0
