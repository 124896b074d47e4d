"""What a store's answer, or none, tells: over TLS, to a user, of a database."""

import base64
import datetime
import ipaddress
import ssl
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dermaflow.errors import TrackingError
from dermaflow.tracking.store_answer import require_answer

PREFIX = "MLFLOW_TRACKING_"
TOKEN = "Bearer of-the-ward"
BASIC = "Basic " + base64.b64encode(b"ward:hunter2").decode()


def _usage(signs_others):
    """Of a key: an authority's signs certificates, another's signs what is sent."""
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(
        digital_signature=not signs_others,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        **others,
    )


def write_certificate(file, name, issuer=None):
    """Write a certificate with its key; gives both, for what it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer_name, signer = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(signer_name, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # What Python 3.13 asks of certificates.
        .add_extension(_usage(issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Files of a certificate authority, and of a server and a client that it vouches for."""
    folder = tmp_path_factory.mktemp("certificates")
    files = {name: folder / f"{name}.pem" for name in ("authority", "server", "client")}
    authority = write_certificate(files["authority"], "Hospital")
    for name in ("server", "client"):
        write_certificate(files[name], name, authority)
    return files


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    names = ("TOKEN", "USERNAME", "PASSWORD", "INSECURE_TLS", "SERVER_CERT_PATH")
    for name in (*names, "CLIENT_CERT_PATH"):
        monkeypatch.delenv(f"{PREFIX}{name}", raising=False)


@pytest.fixture
def serve(certificates):
    """Start a server that may speak TLS, ask for a client's certificate, and know users."""
    servers = []

    def start(tls=True, asks_client=False, knows=(), answers=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                known = not knows or self.headers.get("Authorization") in knows
                self.send_response(answers or (200 if known else 401))
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates["server"])
            if asks_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(certificates["authority"])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_private_authority_is_trusted_once_mlflow_is_told_of_it(serve, certificates, monkeypatch):
    uri = serve()
    with pytest.raises(TrackingError, match=f"{PREFIX}SERVER_CERT_PATH") as raised:
        require_answer(uri)
    assert "CERTIFICATE_VERIFY_FAILED" in str(raised.value)
    assert "start it" not in str(raised.value)
    monkeypatch.setenv(f"{PREFIX}SERVER_CERT_PATH", str(certificates["authority"]))
    require_answer(uri)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_certificate_is_not_looked_at_where_mlflow_is_told_not_to(serve, monkeypatch):
    monkeypatch.setenv(f"{PREFIX}INSECURE_TLS", "true")
    require_answer(serve())


def test_a_server_that_asks_for_a_certificate_gets_the_one_that_mlflow_has(
    serve, certificates, monkeypatch
):
    monkeypatch.setenv(f"{PREFIX}SERVER_CERT_PATH", str(certificates["authority"]))
    uri = serve(asks_client=True)
    with pytest.raises(TrackingError, match=f"{PREFIX}CLIENT_CERT_PATH"):
        require_answer(uri)
    monkeypatch.setenv(f"{PREFIX}CLIENT_CERT_PATH", str(certificates["client"]))
    require_answer(uri)


def test_the_name_of_a_file_that_is_not_there_is_told_with_its_variable(
    serve, monkeypatch, tmp_path
):
    monkeypatch.setenv(f"{PREFIX}SERVER_CERT_PATH", str(tmp_path / "none.pem"))
    with pytest.raises(TrackingError, match=r"none\.pem.*MLFLOW_TRACKING"):
        require_answer(serve())


@pytest.mark.parametrize(
    "settings",
    [
        {"TOKEN": "of-the-ward"},
        {"USERNAME": "ward", "PASSWORD": "hunter2"},
    ],
)
def test_whoever_asks_shows_who_they_are_as_mlflow_does(serve, monkeypatch, settings):
    uri = serve(tls=False, knows=(TOKEN, BASIC))
    with pytest.raises(TrackingError, match=rf"401.*{PREFIX}USERNAME.*{PREFIX}TOKEN"):
        require_answer(uri)
    for name, value in settings.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    require_answer(uri)


def test_a_user_in_the_address_is_shown_to_the_server_and_to_nobody_else(serve):
    uri = serve(tls=False, knows=(BASIC,)).replace("://", "://ward:hunter2@")
    require_answer(uri)
    with pytest.raises(TrackingError) as raised:
        require_answer(uri.replace("ward:", "other:"))
    assert "hunter2" not in str(raised.value)
    assert "://***@127.0.0.1" in str(raised.value)


@pytest.mark.parametrize(("code", "said"), [(403, "refuses"), (502, "start it"), (503, "start it")])
def test_an_answer_that_is_no_good_is_told_for_what_it_is(serve, code, said):
    with pytest.raises(TrackingError, match=said) as raised:
        require_answer(serve(tls=False, answers=code))
    assert str(code) in str(raised.value)


@pytest.mark.parametrize("code", [404, 500])
def test_what_else_an_answer_means_is_left_to_mlflow(serve, code):
    require_answer(serve(tls=False, answers=code))


def test_a_server_that_says_nothing_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr("dermaflow.tracking.store_answer.ANSWER_SECONDS", 0.2)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # it takes no calls
    started = time.monotonic()
    with pytest.raises(TrackingError, match="no MLflow server answers"):
        require_answer(f"http://127.0.0.1:{server.server_port}")
    assert time.monotonic() - started < 5
    server.server_close()


@pytest.mark.parametrize(
    ("scheme", "package"),
    [
        ("postgresql+psycopg2", "psycopg2-binary"),
        ("mysql", "mysqlclient"),
        ("mysql+pymysql", "pymysql"),
        ("mssql+pyodbc", "pyodbc"),
    ],
)
def test_the_driver_that_a_database_lacks_is_named_and_no_password(scheme, package):
    with pytest.raises(TrackingError) as raised:
        require_answer(f"{scheme}://ward:hunter2@db.example/runs")
    assert f"uv pip install '{package}'" in str(raised.value)
    assert f"{scheme}://ward:***@db.example/runs" in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresqls_driver_is_named_as_an_extra_of_ours(scheme, project_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    with pytest.raises(TrackingError, match=r"uv sync --extra postgres`.*'dermaflow\[postgres\]'"):
        require_answer(f"{scheme}://ward:hunter2@db.example/runs")
    extras = tomllib.loads((project_path / "pyproject.toml").read_text())["project"]
    assert extras["optional-dependencies"]["postgres"][0].startswith("psycopg[")


def test_a_postgresql_answers_or_is_not_there(cluster):
    uri = cluster.make_database("answer")
    require_answer(uri)
    with pytest.raises(TrackingError, match=r"no database answers at .*does not exist"):
        require_answer(f"{uri}_of_nobody")


@pytest.mark.parametrize(
    "uri", ["postgresql+none://ward:hunter2@db/runs", "postgresql://ward:hunter2@db:port/runs"]
)
def test_an_address_that_is_no_databases_is_told_in_one_line(uri):
    with pytest.raises(TrackingError, match="no database answers at") as raised:
        require_answer(uri)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("uri", ["sqlite:///nothing.db", "databricks", "file:///a", "oracle://a/b"])
def test_nothing_else_is_asked(uri):
    require_answer(uri)
