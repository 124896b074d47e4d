"""Runs and recurring runs, by Kubeflow's API."""

import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3.exceptions

# The SDK's own variable.
ENDPOINT = "KF_PIPELINES_ENDPOINT"
SECONDS_BETWEEN_LOOKS = 5
_ENDED = ("SUCCEEDED", "SKIPPED", "FAILED", "CANCELED")
_NEWEST = 10  # runs shown


class ApiError(Exception):
    """Kubeflow cannot be reached, or refuses; the text is one line."""


def submit(request: dict[str, Any]) -> dict[str, Any]:
    """Start a run of the YAML ``text``, and wait for its end where ``wait`` says so.

    Returns:
        ``run_id``, ``state``, ``failed`` and ``url``.

    Raises:
        ApiError: Kubeflow cannot be reached, or refuses.
    """
    with _client(request) as client, _file(request["text"]) as file:
        started = client.create_run_from_pipeline_package(
            str(file),
            arguments=_arguments(request),
            run_name=f"{request['name']} {time.strftime('%Y-%m-%d %H:%M:%S')}",
            experiment_name=request["experiment"],
            namespace=request["namespace"],
            enable_caching=False,
        )
        run = client.get_run(started.run_id)
        while request["wait"] and run.state not in _ENDED:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            run = client.get_run(started.run_id)
        return {
            "run_id": run.run_id,
            "state": run.state or "PENDING",
            "failed": run.state in ("FAILED", "CANCELED"),
            "url": f"{_host(request)}/#/runs/details/{run.run_id}",
        }


def schedule(request: dict[str, Any]) -> dict[str, Any]:
    """Make a recurring run of the YAML ``text`` by ``cron``, six fields with seconds first.

    One run at a time: Kubeflow starts the next when the one before has ended. Those that were
    missed are not made up for.

    Returns:
        ``id`` and ``name``.

    Raises:
        ApiError: Kubeflow cannot be reached, or refuses.
    """
    with _client(request) as client, _file(request["text"]) as file:
        experiment = client.create_experiment(request["experiment"], namespace=request["namespace"])
        made = client.create_recurring_run(
            experiment.experiment_id,
            request["name"],
            cron_expression=request["cron"],
            max_concurrency=1,
            no_catchup=True,
            params=_arguments(request),
            pipeline_package_path=str(file),
            enable_caching=False,
        )
        return {"id": made.recurring_run_id, "name": made.display_name}


def status(request: dict[str, Any]) -> dict[str, Any]:
    """``lines`` on the run ``run_id`` and its tasks, or on the newest runs. Raises ApiError."""
    with _client(request) as client:
        if request["run_id"]:
            run = client.get_run(request["run_id"])
            tasks = (run.run_details.task_details or []) if run.run_details else []
            lines = [_line(run), *(f"  {task.display_name}: {task.state}" for task in tasks)]
            return {"lines": lines + ([f"  {run.error.message}"] if run.error else [])}
        listed = client.list_runs(
            page_size=_NEWEST, sort_by="created_at desc", namespace=request["namespace"]
        )
        return {"lines": [_line(run) for run in listed.runs or []] or ["no runs"]}


def _line(run: Any) -> str:
    return f"{run.run_id}  {run.state or 'PENDING'}  {run.display_name}"


def _arguments(request: dict[str, Any]) -> dict[str, str]:
    return {"params": request["params"]}


def _host(request: dict[str, Any]) -> str:
    host = request["host"] or os.environ.get(ENDPOINT)
    if not host:
        raise ApiError(f"no address: set host in kubeflow.yml, or the variable {ENDPOINT}")
    return str(host).rstrip("/")


@contextmanager
def _client(request: dict[str, Any]) -> Iterator[Any]:
    host = _host(request)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # that it is for Kubeflow's version 2
            yield kfp.Client(host=host, namespace=request["namespace"] or "kubeflow")
    except kfp_server_api.ApiException as error:
        text = " ".join(str(error.body or error.reason).split())
        raise ApiError(f"{host} refuses ({error.status}): {text[:300]}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ApiError(f"no server answers at {host} ({type(error).__name__})") from error


@contextmanager
def _file(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        yield file
