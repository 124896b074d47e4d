"""The tree itself: names that say what is meant."""

from collections import Counter

# Each stage has these; Kedro's users know them by these names.
OF_EVERY_STAGE = {"__init__.py", "pipeline.py", "nodes.py", "drawing.py"}
# A command, and its parameters, which are named for their file in conf/.
TWO_OF_ONE_NAME = {"promote.py"}


def test_no_file_name_occurs_twice_where_two_files_could_be_meant(project_path):
    names = Counter(path.name for path in (project_path / "src").rglob("*.py"))
    twice = {name for name, count in names.items() if count > 1}
    assert twice == OF_EVERY_STAGE | TWO_OF_ONE_NAME


def test_a_module_of_parameters_is_named_for_its_file_in_conf(project_path):
    base = project_path / "conf" / "base"
    named = {path.stem.removeprefix("parameters_") for path in base.glob("parameters_*.yml")}
    modules = {path.stem for path in (project_path / "src/dermaflow/params").glob("*.py")}
    # What all share, what checks them, the kinds of one section, how keys are written, and the one
    # group of `parameters.yml` that has keys of its own.
    shared = {"__init__", "base", "check", "dotted_keys", "image", "parameters", "sources"}
    assert modules - named == shared
    assert named <= modules
