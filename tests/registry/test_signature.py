"""Signatures of a digest, made and checked with the hosts' keys, and with openssl."""

import base64
import subprocess

import pytest

from dermaflow.errors import IntegrityError, RegistryError
from dermaflow.registry.signature import SIGNING_KEY, VERIFY_KEY, check_signature, sign_digest

DIGEST = "ab" * 32


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A pair as docs/signatures.md makes it, another kind, one with a password, and none."""
    folder = tmp_path_factory.mktemp("keys")
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / "own")
    openssl("pkey", "-in", folder / "own", "-pubout", "-out", folder / "own.pub")
    openssl("genpkey", "-algorithm", "x25519", "-out", folder / "x")
    openssl("pkey", "-in", folder / "x", "-pubout", "-out", folder / "x.pub")
    openssl("pkey", "-in", folder / "own", "-aes256", "-passout", "pass:p", "-out", folder / "pw")
    (folder / "text").write_text("no key")
    return folder


def test_what_was_signed_is_verified_here_and_by_openssl(keys, tmp_path, monkeypatch):
    monkeypatch.setenv(SIGNING_KEY, str(keys / "own"))
    monkeypatch.setenv(VERIFY_KEY, str(keys / "own.pub"))
    signature = sign_digest(DIGEST)
    check_signature(DIGEST, signature)
    (tmp_path / "digest").write_text(DIGEST)
    (tmp_path / "signature").write_bytes(base64.b64decode(signature))
    files = ("-in", tmp_path / "digest", "-sigfile", tmp_path / "signature")
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", keys / "own.pub", "-rawin", *files)


@pytest.mark.parametrize("signature", [None, "", "no base64!", "aGk=", "é"])
def test_anything_else_is_no_signature(keys, monkeypatch, signature):
    monkeypatch.setenv(VERIFY_KEY, str(keys / "own.pub"))
    with pytest.raises(IntegrityError, match="signature"):
        check_signature(DIGEST, signature)


def test_a_signature_is_of_one_digest(keys, monkeypatch):
    monkeypatch.setenv(SIGNING_KEY, str(keys / "own"))
    monkeypatch.setenv(VERIFY_KEY, str(keys / "own.pub"))
    with pytest.raises(IntegrityError, match=f"not one of {DIGEST} by the key"):
        check_signature(DIGEST, sign_digest("cd" * 32))


def test_without_keys_nothing_is_signed_or_asked_for(monkeypatch):
    monkeypatch.delenv(SIGNING_KEY, raising=False)
    monkeypatch.setenv(VERIFY_KEY, "")
    assert sign_digest(DIGEST) is None
    check_signature(DIGEST, None)


@pytest.mark.parametrize("file", ["x", "pw", "text", "own.pub", "none"])
def test_what_is_no_key_to_sign_with_is_named(keys, monkeypatch, file):
    monkeypatch.setenv(SIGNING_KEY, str(keys / file))
    with pytest.raises(RegistryError, match=rf"{SIGNING_KEY}: .*/{file} is no readable PEM file"):
        sign_digest(DIGEST)


@pytest.mark.parametrize("file", ["x.pub", "text", "own", "none"])
def test_what_is_no_key_to_verify_with_is_named(keys, monkeypatch, file):
    monkeypatch.setenv(VERIFY_KEY, str(keys / file))
    with pytest.raises(RegistryError, match=rf"{VERIFY_KEY}: .*/{file} is no readable PEM file"):
        check_signature(DIGEST, "aGk=")
