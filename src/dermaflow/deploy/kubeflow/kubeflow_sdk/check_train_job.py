"""Whether a ``TrainJob`` is what Kubeflow Trainer takes."""

import difflib
from typing import Any

import yaml
from kubeflow_sdk.check_spec import SpecError
from kubeflow_trainer_api.models.trainer_v1alpha1_train_job import TrainerV1alpha1TrainJob
from pydantic import ValidationError


def write_train_job(request: dict[str, Any]) -> dict[str, Any]:
    """Write ``train_job`` as YAML, once it is checked.

    Returns:
        ``text``, the YAML; equal jobs give equal bytes.

    Raises:
        SpecError: Kubeflow Trainer would refuse it, or would ignore part of it.
    """
    check_train_job(request["train_job"])
    return {"text": yaml.safe_dump(request["train_job"], sort_keys=False)}


def check_train_job(content: dict[str, Any]) -> None:
    """Parse by the API's own model, and refuse keys that it does not know.

    The model itself passes over them.

    Raises:
        SpecError: with what is wrong.
    """
    try:
        known = TrainerV1alpha1TrainJob.from_dict(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise SpecError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    lines = [yaml.safe_dump(part).splitlines() for part in (content, known.to_dict())]
    lost = [line[2:].strip() for line in difflib.ndiff(*lines) if line.startswith("- ")]
    if lost:
        raise SpecError(f"a TrainJob has no such key: {lost[0]}")
