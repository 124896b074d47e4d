"""Dermaflow in Airflow 3, one task a stage: a file for Airflow's folder of DAGs."""

import os
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

PROJECT = os.environ.get("DERMAFLOW_PROJECT", "/srv/dermaflow")  # its .venv is not Airflow's
ENV = os.environ.get("DERMAFLOW_ENV", "ham10000")
STAGES = ("ingest", "validate", "augment", "train", "evaluate", "explain", "register")
DATE = "{{ (logical_date or dag_run.run_after).isoformat() }}"
RUN = f"kedro run --env {ENV} --if-running wait --time-limit 8h --logical-date {DATE} --pipelines"
CLOSE = f"kedro job close --env {ENV} --status"
JOB = {"DERMAFLOW_JOB_ID": "{{ run_id }}"}  # of which all tasks log to one MLflow run


def task(name, words, **options):
    """A task that calls the project."""
    command = f"exec .venv/bin/{words}"
    return BashOperator(
        task_id=name, bash_command=command, cwd=PROJECT, env=JOB, append_env=True, **options
    )


with DAG("dermaflow", schedule="0 2 * * *", start_date=datetime(2026, 1, 1), catchup=False):
    stages = [task(stage, f"{RUN} {stage}") for stage in STAGES]
    chain(task("open", f"kedro job open --env {ENV}"), *stages, task("close", f"{CLOSE} SUCCEEDED"))
    # A last task that succeeds would make the whole a success.
    failed = task("close_failed", f"{CLOSE} FAILED --exit-code 1", trigger_rule="one_failed")
    stages >> failed
