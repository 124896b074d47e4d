"""A tracking configuration on a local database."""

import pytest

from dermaflow.tracking.config import TrackingConfig


@pytest.fixture(scope="session")
def local_config():
    """Make one whose database and artifacts are below a folder."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for a chosen store
            return TrackingConfig(
                tracking_uri="sqlite:///db/mlflow.db",
                artifact_location="db/artifacts",
                experiment="dermaflow",
                system_metrics_interval=0,
            ).resolve(folder)

    return make
