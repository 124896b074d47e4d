"""Addresses of pages in MLflow's UI."""

from __future__ import annotations

from urllib.parse import urlsplit

from dermaflow.tracking.tracking_config import TrackingConfig

HOST = "127.0.0.1"  # where `kedro ui` shows a store that has no server
PORT = 5000

# Without it MLflow opens its view for language models, in which an experiment seems empty.
_VIEW = "workflowType=machine_learning"


def runs_page(config: TrackingConfig, experiment: str | None, port: int = PORT) -> str:
    """Address of the list of an experiment's runs; of all experiments, where it is None.

    Args:
        config: resolved.
        experiment: its id.
        port: of this machine, where the store has no server.
    """
    server = _server(config, port)
    if experiment is None:
        return f"{server}/#/experiments"
    return f"{server}/#/experiments/{experiment}/runs?{_VIEW}"


def run_page(config: TrackingConfig, experiment: str, run_id: str) -> str:
    """Address of a run's own page."""
    return f"{_server(config, PORT)}/#/experiments/{experiment}/runs/{run_id}?{_VIEW}"


def has_server(config: TrackingConfig) -> bool:
    """Whether the store is a server, which shows its pages itself."""
    return config.tracking_uri.startswith(("http://", "https://"))


def _server(config: TrackingConfig, port: int) -> str:
    if not has_server(config):
        return f"http://{HOST}:{port}"
    address = urlsplit(config.tracking_uri)
    # A browser asks for the user itself; the password is not to be shown.
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl().rstrip("/")
