"""``kedro job``: what an engine that runs each stage on its own calls first and last."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT, JOB_ID

_SUCCEEDED = "SUCCEEDED"


class _Status(click.ParamType[str]):
    """``SUCCEEDED`` or another word, also as Kubeflow's JSON of a final status."""

    name = "status"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = value
        if value.startswith("{"):
            try:
                word = json.loads(value)["state"]
            except (ValueError, KeyError) as error:
                self.fail(f"no final status: {value} ({error})", param, ctx)
        return str(word).upper()


@click.group("job")
def job() -> None:
    """One MLflow run for stages that an engine starts one by one.

    The engine gives each of them, and these commands, the job's id in DERMAFLOW_JOB_ID.
    """


@job.command("open", cls=ProjectCommand)
@env_option
@click.option("--params", default="", help="With which the stages run, as of `kedro run`.")
def open_(env: str | None, params: str) -> None:
    """Open the run of a job, before its stages begin."""
    from dermaflow.cli.project import load_conf
    from dermaflow.tracking.job_run import open_job
    from dermaflow.tracking.run_tags import origin_tags

    env = env or DEFAULT_ENVIRONMENT
    _, config = load_conf(env)
    click.echo(f"run {open_job(config, env, _job(), origin_tags(Path.cwd(), env), params)}")


@job.command(cls=ProjectCommand)
@env_option
@click.option("--status", type=_Status(), required=True, help=f"{_SUCCEEDED}, or what else it is.")
@click.option("--exit-code", default=0, help="Of this command, for an engine that goes by it.")
def close(env: str | None, status: str, exit_code: int) -> None:
    """End the run of a job: FINISHED where the status is SUCCEEDED, else FAILED."""
    from dermaflow.cli.project import load_conf
    from dermaflow.tracking.job_run import close_job

    _, config = load_conf(env)
    click.echo(close_job(config, _job(), status == _SUCCEEDED))
    raise click.exceptions.Exit(exit_code)


def _job() -> str:
    from dermaflow.tracking.job_run import job_id

    found = job_id()
    if found is None:
        raise click.UsageError(f"{JOB_ID} names no job")
    return found
