"""Ed25519 signatures of a version's digest.

The private key is on the host that registers, the public key on the host that promotes: whoever may
change tags in MLflow can write another digest, but no signature of it.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from dermaflow.errors import IntegrityError, RegistryError

SIGNING_KEY = "DERMAFLOW_SIGNING_KEY"  # variable: PEM file of the private key
VERIFY_KEY = "DERMAFLOW_VERIFY_KEY"  # variable: PEM file of the public key


def sign_digest(digest: str) -> str | None:
    """Sign a digest with the host's private key; None where the host has none.

    Returns:
        Base64 of the 64 bytes. What is signed are the digest's hex digits in ASCII.

    Raises:
        RegistryError: the variable names no file with a private Ed25519 key without password.
    """
    path = os.environ.get(SIGNING_KEY)
    if not path:
        return None
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(SIGNING_KEY, path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(SIGNING_KEY, path, "private")
    return base64.b64encode(key.sign(digest.encode())).decode()


def check_signature(digest: str, signature: str | None) -> None:
    """Require that a digest was signed, where the host has a public key.

    Args:
        digest: recomputed from the files.
        signature: as ``sign_digest`` gives it; None where there is none.

    Raises:
        IntegrityError: there is no signature, or it is of another digest or key.
        RegistryError: the variable names no file with a public Ed25519 key.
    """
    path = os.environ.get(VERIFY_KEY)
    if not path:
        return
    try:
        key = load_pem_public_key(Path(path).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _unusable(VERIFY_KEY, path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable(VERIFY_KEY, path, "public")
    if not signature:
        raise IntegrityError(f"it has no signature, and {VERIFY_KEY} asks for one")
    try:
        key.verify(base64.b64decode(signature, validate=True), digest.encode())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise IntegrityError(f"its signature is not one of {digest} by the key {path}") from error


def _unusable(variable: str, path: str, kind: str) -> RegistryError:
    return RegistryError(
        f"{variable}: {path} is no readable PEM file of a {kind} Ed25519 key without a password "
        "(docs/signatures.md shows how to make one)"
    )
