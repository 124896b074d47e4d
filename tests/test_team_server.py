"""Commands and files of ``mlflow/``, as a team uses them: login, hosts, TLS, backup, restore."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path

import mlflow
import pytest
import requests
import yaml
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.tracking.store_answer import require_answer
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig
from mlflow_runs import Experiment
from servers import BINARIES, Server, free_port, wait_for_server

PASSWORD = "of this test alone"
NAME = "mlflow.example.org"
SECRET = re.compile(r"(?i)(password|secret|key|token)[^\n]*=\s*\S")


@pytest.fixture
def folder(project_path):
    return project_path / "mlflow"


def read_settings(folder):
    """What ``server.env`` says, as shells, systemd and compose read it."""
    lines = (folder / "server.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Team:
    """The server of ``serve.sh`` on a database of its own."""

    def __init__(self, folder, cluster, tmp_path):
        self._folder, self._cluster, self._process = folder, cluster, None
        self.artifacts, self.port, self.log = tmp_path / "artifacts", free_port(), tmp_path / "log"
        self.artifacts.mkdir()
        self.uri = f"http://127.0.0.1:{self.port}"
        cluster.make_database("mlflow")
        path = f"{Path(sys.executable).parent}{os.pathsep}{BINARIES}"
        self.environment = os.environ | read_settings(folder) | cluster.variables | {
            "PATH": path,
            "MLFLOW_ARTIFACTS_DESTINATION": str(self.artifacts),
            "MLFLOW_PORT": str(self.port),
            "MLFLOW_WORKERS": "1",
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"{NAME},127.0.0.1:{self.port}",
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
        }  # fmt: skip

    def call(self, script, *arguments, **more):
        """Run a script of the folder to its end."""
        command = [str(self._folder / script), *map(str, arguments)]
        return subprocess.run(
            command, env=self.environment | more, capture_output=True, text=True, check=False
        )

    def start(self, **more):
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [str(self._folder / "serve.sh")],
                env=self.environment | more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_server(self.uri)

    def stop(self):
        if self._process:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)
            self._process = None


@pytest.fixture
def team(folder, cluster, tmp_path):
    team = Team(folder, cluster, tmp_path)
    yield team
    team.stop()
    subprocess.run(["dropdb", "--force", "mlflow"], env=team.environment, check=True)


@pytest.fixture
def logged_in(team, monkeypatch):
    """The project as a user of the team's server."""
    before = mlflow.get_tracking_uri()
    for name, value in {"URI": team.uri, "USERNAME": "admin", "PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    yield
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
def test_a_server_asks_who_asks_and_comes_back_from_its_backup(
    team, logged_in, monkeypatch, tmp_path
):
    refused = team.call("serve.sh")
    assert refused.returncode != 0
    assert "MLFLOW_AUTH_ADMIN_PASSWORD" in refused.stderr + refused.stdout
    team.start(MLFLOW_AUTH_ADMIN_PASSWORD=PASSWORD)

    question = f"{team.uri}/api/2.0/mlflow/experiments/search?max_results=1"
    asked = ("admin", PASSWORD)
    assert requests.get(question, timeout=30).status_code == 401
    assert requests.get(question, auth=("admin", "password1234"), timeout=30).status_code == 401
    assert requests.get(question, auth=asked, timeout=30).status_code == 200
    elsewhere = requests.get(question, auth=asked, headers={"Host": "evil.example"}, timeout=30)
    assert (elsewhere.status_code, "Host" in elsewhere.text) == (403, True)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_PASSWORD", "another one of nobody")
        with pytest.raises(TrackingError, match="MLFLOW_TRACKING_USERNAME"):
            require_answer(team.uri)

    # The address alone switches a project over.
    config = TrackingConfig(
        tracking_uri="sqlite:///unused.db",
        artifact_location="unused",
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    ).resolve(tmp_path)
    run = TrackedRun(config, "a run", {}, tmp_path / "open_runs")
    run.log_content("kept", "notes/a.txt")
    run.close("FINISHED")
    client = MlflowClient(team.uri)
    client.create_registered_model("m")
    client.create_model_version("m", "s3://a-bucket/a-model", run.run_id)
    client.set_registered_model_alias("m", "staging", "1")

    backup = tmp_path / "backup"
    made = team.call("backup.sh", backup)
    assert made.returncode == 0, made.stderr
    assert (backup.stat().st_mode & 0o077) == 0
    assert team.call("backup.sh", backup).returncode != 0  # nor is one written over
    client.delete_registered_model("m")

    team.stop()
    refused = team.call("restore.sh", backup)
    assert refused.returncode == 1
    assert "the database mlflow is not empty" in refused.stderr
    for command in (("dropdb", "mlflow"), ("createdb", "mlflow")):
        subprocess.run(command, env=team.environment, check=True)
    refused = team.call("restore.sh", backup)
    assert refused.returncode == 1
    assert f"{team.artifacts} is not empty" in refused.stderr
    shutil.rmtree(team.artifacts)
    restored = team.call("restore.sh", backup)
    assert restored.returncode == 0, restored.stderr

    team.start()  # which needs no administrator's password any more
    assert client.get_run(run.run_id).info.status == "FINISHED"
    file = client.download_artifacts(run.run_id, "notes/a.txt", str(tmp_path))
    assert Path(file).read_text() == "kept"
    assert client.get_model_version_by_alias("m", "staging").version == "1"
    client.set_registered_model_alias("m", "production", "1")
    assert not (tmp_path / "unused.db").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="no nginx")
def test_nginx_passes_a_run_on_over_tls(folder, tmp_path, monkeypatch):
    """Its own lines, but for the places of the certificate, of the ports and of its own files."""
    server = Server(tmp_path)
    server.start()
    port = free_port()
    certificate = tmp_path / "server.pem"
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
        " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out"
    )
    subprocess.run([*make.split(), certificate], cwd=tmp_path, check=True, capture_output=True)
    site = (folder / "nginx.conf").read_text()
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/mlflow": str(tmp_path),
        "http://127.0.0.1:5000": server.uri,
        f"server_name {NAME}": "server_name 127.0.0.1",
    }.items():
        assert old in site
        site = site.replace(old, new)
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in names)
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}\n"
        f"http {{ access_log off; {places}\n{site} }}\n"
    )
    command = [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-p", tmp_path, "-c", conf]
    nginx = subprocess.Popen([*command, "-e", str(tmp_path / "errors")])
    try:
        uri = f"https://127.0.0.1:{port}"
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.MonkeyPatch.context() as patch:
            context = ssl.create_default_context(cafile=str(certificate))
            patch.setattr(ssl, "_create_default_https_context", lambda: context)
            wait_for_server(uri)
        large = os.urandom(3_000_000)  # nginx's own limit is 1 MB
        client = MlflowClient(uri)
        run_id = Experiment(client, "over TLS", None).make_run(artifacts={"a/weights": large})
        file = client.download_artifacts(run_id, "a/weights", str(tmp_path))
        assert Path(file).read_bytes() == large
    finally:
        nginx.terminate()
        nginx.wait(30)
        server.kill()


def test_no_file_holds_a_password_and_the_server_is_on_loopback(folder):
    for name in ("server.env", "basic_auth.ini", "compose.yaml", "nginx.conf"):
        lines = (folder / name).read_text().splitlines()
        said = [line for line in lines if SECRET.search(line) and not line.startswith("#")]
        assert not said, name
    settings = read_settings(folder)
    assert settings["MLFLOW_HOST"] == "127.0.0.1"
    assert settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert not list(folder.glob("*.py"))


def test_compose_starts_the_same_server_of_the_locked_versions(folder, project_path):
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    server = services["server"]
    assert server["command"] == ["sh", "/etc/mlflow/serve.sh"]
    assert server["env_file"] == ["server.env", "secrets.env"]
    mounted = {volume.split(":")[0] for volume in server["volumes"] if volume.startswith("./")}
    assert mounted == {"./serve.sh", "./basic_auth.ini"}
    assert all((folder / name).is_file() for name in mounted)
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "ports" not in services["database"]
    assert f"{read_settings(folder)['MLFLOW_PORT']}" in server["ports"][0].split(":")
    locked = tomllib.loads((project_path / "uv.lock").read_text())["package"]
    versions = {package["name"]: package.get("version") for package in locked}
    pinned = re.findall(r'"([\w-]+)\[\w+\]==([\d.]+)"', server["build"]["dockerfile_inline"])
    assert dict(pinned) == {name: versions[name] for name in ("mlflow", "psycopg")}
