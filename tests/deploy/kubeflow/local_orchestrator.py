"""Run a compiled pipeline by Kubeflow's own local orchestrator, its containers as processes.

Order, placeholders, parameters and the exit handler are Kubeflow's own; what stands for a container
is a process in the working folder, which runs the same command. ``BEFORE_TRAIN``, say, is a shell
command that runs before the stage's task, and ``KILL_TRAIN`` a pattern: once a file fits it, the
task is killed.
"""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from kfp import components, local
from kfp.local import docker_task_handler

DATE = "{{$.pipeline_job_schedule_time_utc}}"  # at which the local orchestrator fails
DEADLINE = 300  # seconds until a task that is to be killed must have come so far


def run_as_process(client, image, command, volumes, environment=(), **others):
    """In place of a container; returns its exit code."""
    sys.stderr.write(f"+ {shlex.join(command)}\n")
    stage = command[command.index("--pipelines") + 1] if "--pipelines" in command else "job"
    if "--fold" in command:
        stage = f"fold_{command[command.index('--fold') + 1]}"
    subprocess.run(os.environ.get(f"BEFORE_{stage.upper()}", "true"), shell=True, check=True)
    task = subprocess.Popen(command)
    pattern = os.environ.get(f"KILL_{stage.upper()}")
    if pattern:
        until = time.monotonic() + DEADLINE
        while not list(Path().glob(pattern)) and task.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        task.kill()
    return task.wait()


def main(file, root, params):
    """Exit with 1 if a task fails."""
    docker_task_handler.docker.from_env = NoDaemon
    docker_task_handler.run_docker_container = run_as_process
    local.init(local.DockerRunner(), pipeline_root=root, raise_on_error=True)
    text = Path(file).read_text(encoding="utf-8").replace(DATE, "2026-11-30T02:00:00Z")
    pipeline = components.load_component_from_text(text)
    try:
        pipeline(params=params)
    except RuntimeError as error:
        sys.exit(str(error))


class NoDaemon:
    """A client that is asked nothing."""

    def info(self):
        return {}

    def close(self):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
