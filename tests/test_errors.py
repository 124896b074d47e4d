"""Every error of a user has an exit code of its own, which the documentation explains."""

import re

from dermaflow import errors
from dermaflow.cli.project_command import TIME_LIMIT_REACHED

CODES = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and errors.DermaflowError in (kind, *kind.__bases__)  # a kind of a kind shares its code
}


def test_no_two_errors_share_a_code_and_none_has_one_that_means_something_else():
    """A shell gives 2 for wrong options, and from 126 on for what it could not run or was ended."""
    assert len(set(CODES.values())) == len(CODES)
    assert CODES.pop("DermaflowError") == 1
    assert all(2 < code < 126 for code in CODES.values())


def test_the_table_of_exit_codes_lists_all_of_them(project_path):
    text = (project_path / "docs/errors.md").read_text()
    listed = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert listed == sorted({0, 2, *CODES.values(), 1, TIME_LIMIT_REACHED})
