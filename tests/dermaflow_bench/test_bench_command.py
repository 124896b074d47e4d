"""What ``kedro bench`` refuses before it measures anything."""

import pytest
from click.testing import CliRunner

from dermaflow.cli import cli


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--scale", "99", "99 is not in the range x>=100"),  # of which a hundredth is no image
        ("--grid", "missing", "Directory 'missing' does not exist"),
    ],
)
def test_what_cannot_be_measured_is_a_usage_error(option, value, message):
    done = CliRunner().invoke(cli, ["bench", option, value])
    assert done.exit_code == 2
    assert message in done.output
