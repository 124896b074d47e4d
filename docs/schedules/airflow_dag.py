"""Dermaflow in Airflow 3, one task a stage: a file for Airflow's folder of DAGs."""

import os
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

PROJECT = os.environ.get("DERMAFLOW_PROJECT", "/srv/dermaflow")  # its .venv is not Airflow's
ENV = os.environ.get("DERMAFLOW_ENV", "ham10000")
STAGES = ("ingest", "validate", "augment", "train", "evaluate", "explain", "register")
DATE = "{{ (logical_date or dag_run.run_after).isoformat() }}"
RUN = f"exec .venv/bin/kedro run --env {ENV} --if-running wait --time-limit 8h"

with DAG("dermaflow", schedule="0 2 * * *", start_date=datetime(2026, 1, 1), catchup=False):
    commands = {stage: f"{RUN} --logical-date {DATE} --pipelines {stage}" for stage in STAGES}
    chain(*(BashOperator(task_id=s, bash_command=commands[s], cwd=PROJECT) for s in STAGES))
