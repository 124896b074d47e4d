"""A run that keeps pictures of patients off the tracking server, by what its artifacts hold."""

import io
import re

import numpy as np
import yaml
from mlflow import MlflowClient
from PIL import Image

from dermaflow.tracking.metric_names import read_scores
from dermaflow.tracking.read_runs import read_run
from dermaflow.tracking.run_reports import SPLIT_REPORT, read_report

DRAWN = ("samples", "drift", "duplicates", "gan", "training", "explanations")
CHARTS = {"00_class_counts.png", "01_history.png"}  # of folders that hold pictures, too
IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"BM")
EMBEDDED = re.compile(rb"data:image/(?!svg)|iVBORw0KGgo|/9j/4")
COLOURS = 2000  # a chart has some hundreds, a picture of skin thousands


def shows_pixels(content):
    """Whether a file is, or holds, a picture that is no chart."""
    if content.startswith(IMAGES):
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
        return len(np.unique(pixels.view(np.uint32))) > COLOURS
    return bool(EMBEDDED.search(content)) or any(mark in content for mark in IMAGES[:2])


def showing(project):
    """All that lies in a project's artifact store and shows pixels."""
    root = project.folder / "mlflow/artifacts"
    files = [file for file in root.rglob("*") if file.is_file() and file.suffix != ".safetensors"]
    assert len(files) > 60
    return {file.name for file in files if shows_pixels(file.read_bytes())}


def test_no_artifact_shows_a_patient_where_conf_keeps_them_local(copy_finished, finished):
    drawn_example = {"input_example.json", "serving_input_example.json"}  # of nobody
    before = showing(finished)
    assert {"01_samples.png", "02_batches.png", "00_overview.png"} <= before
    assert sum("real_and_synthetic" in name for name in before) == 7
    assert drawn_example <= before

    project = copy_finished()
    reports = project.folder / "data/smoke/08_reporting"
    local = yaml.safe_dump({"log_pictures": False})
    (project.folder / "conf/local/mlflow.yml").write_text(local)
    (project.folder / "conf/smoke/mlflow.yml").open("a").write(f"\n{local}")
    (reports / "samples/01_samples.png").unlink()  # so that there is something to run
    said = project.run("kedro", "run", "--env", "smoke").stdout
    assert showing(project) == drawn_example
    (run,) = project.runs()
    kept = [f"data/smoke/08_reporting/{name}" for name in sorted(DRAWN)]
    assert run.data.tags["kept_local"] == ", ".join(kept)
    assert "not logged, as it shows patients" in run.data.tags["mlflow.note.content"]
    assert "Not logged, as it shows patients (log_pictures): " in said
    assert all(any((reports / name).iterdir()) for name in DRAWN)
    artifacts = {file.name for file in (project.folder / "mlflow/artifacts").rglob("*")}
    assert CHARTS | {"predictions.parquet", "split_report.json", "03_roc.png"} <= artifacts
    # A comparison finds all that it reads; promotion reads the model's own folder.
    client = MlflowClient(project.tracking_uri)
    assert read_report(client, run.info.run_id, SPLIT_REPORT)
    assert read_scores(run.data.metrics, "test")
    assert read_run(client, run, "A").predictions is not None
