"""Versions of a model in a real registry, with the evidence that a test wants them to have."""

from dermaflow.registry.evidence import write_evidence
from dermaflow.registry.model_files import EVIDENCE_FOLDER, REQUIRED, seal_model

MODEL = "dermaflow"


def register_with(client, folder, evidence, *, model=MODEL, tags=()):
    """Register a version whose folder holds evidence, and stands for weights; gives its number.

    Args:
        client: of the store.
        folder: to be made, and kept for as long as the version.
        evidence: of the version; what cannot be is refused.
        model: its name.
        tags: of the version, on top of its digest.
    """
    for name in REQUIRED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("of no network")
    write_evidence(folder / EVIDENCE_FOLDER, evidence)
    tags = {"digest": seal_model(folder), **dict(tags)}
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    return int(client.create_model_version(model, folder.as_uri(), tags=tags).version)
