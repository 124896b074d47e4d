"""The policy of ``kedro prune``."""

import pytest
from kedro.framework.project import configure_project

from dermaflow.errors import ParameterError
from dermaflow.params.check import read_config
from dermaflow.tracking.retention_policy import Retention
from dermaflow.versioning.dvc.stage_file import environments, read_conf_files


def test_every_environment_has_a_policy(project_path):
    configure_project("dermaflow")
    for env in environments(project_path):
        policy = read_config(Retention, read_conf_files(project_path, env), "retention")
        assert policy.runs.finished.newest > 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"unfinished_days": -1}, "unfinished_days: Input should be greater than or equal to 0"),
        ({"cach_days": 1}, "cach_days: Extra inputs are not permitted"),
        ({"runs": {"finished": {"newest": 1, "days": 1}}}, "runs.failed: Field required"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_key_and_the_file(change, problem):
    rule = {"newest": 1, "days": 1.5}
    policy = {
        "runs": {"finished": rule, "failed": rule, "killed": rule},
        "unfinished_days": 1,
        "cache_days": None,
    }
    assert read_config(Retention, {"retention": policy}, "retention").cache_days is None
    with pytest.raises(ParameterError) as refused:
        read_config(Retention, {"retention": policy | change}, "retention")
    assert problem in str(refused.value)
    assert "(retention.yml in conf/)" in str(refused.value)
