"""One request through a pipe, one answer."""

import pytest

from dermaflow.errors import EngineError


def test_what_is_wrong_with_a_request_is_the_answer_s_error(sdk):
    with pytest.raises(EngineError, match="no address: set host in kubeflow"):
        sdk("status", host=None, namespace=None, run_id=None)


def test_a_defect_is_one_line_without_its_traceback(sdk):
    with pytest.raises(EngineError, match="SDK failed: KeyError") as failed:
        sdk("compile")
    assert "\n" not in str(failed.value)
