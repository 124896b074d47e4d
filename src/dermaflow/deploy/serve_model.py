"""MLflow's scoring server with one model, for ``uvicorn dermaflow.deploy.serve_model:app``.

``mlflow models serve`` starts the same server below itself and ends before it does, so that a
container that is stopped would leave requests unanswered.

The environment variable ``MODEL_URI`` names the model: a folder, or ``models:/<name>/<version>``.
"""

from __future__ import annotations

import os

from mlflow.pyfunc import load_model, scoring_server

app = scoring_server.init(load_model(os.environ["MODEL_URI"]))
