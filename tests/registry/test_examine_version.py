"""Where a version is judged: its digest, and the digest of its test set."""

import pandas as pd
import pytest

from dermaflow.errors import IntegrityError
from dermaflow.registry.examine_version import digest_test_set, examine_version, verify_digest


def test_what_is_found_names_the_digest_the_data_and_the_run(registry, register, client, model):
    number = register(tags={"digest": "abc"})
    version = client.get_model_version(model, number)
    found = examine_version(registry, version, None, None, "abc")
    assert (found.digest, found.data_version, found.metrics_run) == ("abc", "d1", version.run_id)
    assert all(check.passed for check in found.checks)
    assert verify_digest(version) == "abc"
    with pytest.raises(IntegrityError, match=f"version {number} of {model} has the digest abc"):
        verify_digest(version, "abd")


def test_a_test_set_is_its_images_and_labels_and_nothing_else():
    images = pd.DataFrame(
        {
            "content": ["a", "b", "c"],
            "split": ["test", "test", "train"],
            "label": ["nv", "mel", "nv"],
        }
    )
    digest = digest_test_set(images)
    assert digest == digest_test_set(images.iloc[::-1])
    assert digest == digest_test_set(images.iloc[:2])
    reviewed = images.assign(label=["nv", "nv", "nv"])
    assert digest != digest_test_set(reviewed)
    assert digest != digest_test_set(images.assign(split="test"))
