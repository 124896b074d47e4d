"""A plugin with a real PostgreSQL, and real MLflow servers on it or on SQLite."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from cpu_time import count_fork, cpu_seconds

# Debian keeps them out of PATH.
_FOLDERS = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1]]
BINARIES = os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS])
USER = "mlflow"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Cluster:
    """A PostgreSQL of its own, which may be killed and started again at the same address.

    It takes no password, and loses what it was writing if the machine goes down.
    """

    def __init__(self, folder):
        self._folder, self.port = folder, free_port()
        # PostgreSQL refuses to be root's.
        self._owner = "postgres" if os.getuid() == 0 else None
        if self._owner:
            shutil.chown(folder, self._owner)
        self._data = folder / "data"
        self._call("initdb", "-D", self._data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8")

    @property
    def variables(self):
        """By which libpq finds it."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER}

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self._folder}"
        log = self._folder / "log"
        self._call("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def kill(self):
        """At once, as the system does where memory is short."""
        first = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        processes = [first, *first.children()]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 30)

    def stop(self):
        self._call("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop", check=False)

    def make_database(self, name):
        """An empty one; gives its address."""
        self._call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _call(self, program, *arguments, check=True):
        subprocess.run(
            [shutil.which(program, path=BINARIES), *map(str, arguments)],
            check=check,
            user=self._owner,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Server:
    """An MLflow server of its own, which may be killed and started again at the same address.

    Args:
        folder: in which it keeps artifacts, in ``server``.
        store: address of its database; a SQLite file in ``folder`` if none is given.
    """

    def __init__(self, folder, store=None):
        self._folder, self._store = folder, store or f"sqlite:///{folder}/server.db"
        self._process = None
        self._port = free_port()
        self.uri = f"http://127.0.0.1:{self._port}"

    def start(self):
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(self._port), "--workers", "1"),
                *("--backend-store-uri", self._store),
                *("--artifacts-destination", str(self._folder / "server")),
            ],
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_server(self.uri)

    def kill(self):
        """The server and its workers, at once."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None


def wait_for_server(uri):
    """Wait until an MLflow server answers."""
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{uri} did not start")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A PostgreSQL that runs, for tests to make databases in."""
    pytest.importorskip("psycopg")
    if not all(shutil.which(program, path=BINARIES) for program in ("initdb", "pg_ctl", "psql")):
        pytest.skip("PostgreSQL is not installed")
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("there is no user for PostgreSQL, which refuses to run as root")
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/postgres-XXXXXX"], text=True)[:-1])
    made = Cluster(folder)  # root's own folders are closed to its owner
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def team_server(cluster, tmp_path_factory):
    """Address of an MLflow server on PostgreSQL."""
    server = Server(tmp_path_factory.mktemp("team"), cluster.make_database("team"))
    server.start()
    yield server.uri
    before = cpu_seconds()
    server.kill()
    count_fork(before - cpu_seconds())  # what it did for all is not the last test's
