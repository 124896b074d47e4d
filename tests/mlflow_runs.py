"""Real runs in a real MLflow store, with what a test wants them to hold."""

import json
import tempfile
from pathlib import Path, PurePosixPath

from mlflow.entities import Metric, Param, RunTag

STARTED = 1_700_000_000_000  # of a run if nothing else is said, in milliseconds


class Experiment:
    """An experiment of its own in a store that tests share.

    Args:
        client: of the store.
        name: that no other experiment there has.
        folder: for the artifacts; None for where a server keeps them.
    """

    def __init__(self, client, name, folder):
        self.client, self.name = client, name
        self.id = client.create_experiment(name, folder and folder.as_uri())

    def make_run(
        self,
        name="a run",
        *,
        status="FINISHED",
        start=STARTED,
        seconds=1,
        metrics=(),
        parameters=(),
        tags=(),
        artifacts=(),
    ):
        """Make a run; gives its id.

        Args:
            name: of the run.
            status: ``RUNNING`` leaves it open.
            start: in milliseconds.
            seconds: from start to end.
            metrics: name -> value, or list of (step, value) in the order of logging.
            parameters: name -> value.
            tags: name -> value.
            artifacts: path -> bytes, or what is written as JSON.
        """
        run_id = self.client.create_run(self.id, start_time=start, run_name=name).info.run_id
        points = [
            Metric(key, value, start + place, step)
            for key, values in dict(metrics).items()
            for place, (step, value) in enumerate(
                values if isinstance(values, list) else [(0, values)]
            )
        ]
        params = [Param(key, value) for key, value in dict(parameters).items()]
        self.client.log_batch(run_id, points, params, [RunTag(*tag) for tag in dict(tags).items()])
        for path, content in dict(artifacts).items():
            self.add_artifact(run_id, path, content)
        if status != "RUNNING":
            self.client.set_terminated(run_id, status, end_time=start + int(1000 * seconds))
        return run_id

    def add_artifact(self, run_id, path, content):
        """Add an artifact of bytes, or of what is written as JSON, to a run."""
        place = PurePosixPath(path)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, place.name)
            file.write_bytes(
                content if isinstance(content, bytes) else json.dumps(content).encode()
            )
            self.client.log_artifact(run_id, str(file), str(place.parent))
