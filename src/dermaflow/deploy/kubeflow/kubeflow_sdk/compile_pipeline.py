"""From a description to the YAML that Kubeflow runs."""

import tempfile
from pathlib import Path
from typing import Any

from kfp.compiler import Compiler
from kubeflow_sdk.build_pipeline import build_pipeline
from kubeflow_sdk.check_spec import check_spec


def compile_pipeline(description: dict[str, Any]) -> dict[str, Any]:
    """Compile, and check what came of it.

    Returns:
        ``text``, the YAML; equal descriptions give equal bytes.

    Raises:
        SpecError: the SDK made something that Kubeflow would not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yaml"
        Compiler().compile(build_pipeline(description), str(file))
        text = file.read_text(encoding="utf-8")
    check_spec(text)
    return {"text": text}
