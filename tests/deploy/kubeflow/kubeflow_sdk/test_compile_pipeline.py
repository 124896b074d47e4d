"""What is compiled can be compared with what was compiled before."""

import re

from dermaflow.deploy.kubeflow.compile_project import compile_project


def test_equal_input_gives_equal_bytes(compiled, project_path):
    assert compile_project(project_path, "base", "__default__") == compiled()


def test_nothing_of_the_machine_is_in_it(compiled, project_path):
    text = compiled().text
    assert str(project_path) not in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)
