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
    assert modules - named == shared | {"gate_metrics"}  # which checks what promote names
    assert named <= modules


# Constants, types and wiring, in which nothing is decided that another test does not hold.
WITHOUT_TESTS = {
    "ml/training/metric_sink.py",  # a protocol, and a sink that keeps nothing
    "params/augment.py",  # types; ends of ranges are in params/test_parameters.py
    "params/duplicates.py",
    "params/explain.py",
    "params/image.py",
    "params/register.py",
    "pipelines/crossval/pipeline.py",  # two stages in one, which test_catalog.py holds
    "serving/columns.py",
    "settings.py",
}


def test_each_module_has_a_test_file_of_its_own(project_path):
    """Below ``pipelines/`` each stage has one, and one for what it draws."""
    source, tests = project_path / "src", project_path / "tests"
    lacking = set()
    for path in source.rglob("*.py"):
        module = path.relative_to(source)
        if module.parts[0] == "dermaflow":
            module = module.relative_to("dermaflow")
        if not (tests / _test_of(module)).exists() and module.name != "__init__.py":
            lacking.add(module.as_posix())
    assert lacking == WITHOUT_TESTS


def _test_of(module):
    if module.name in OF_EVERY_STAGE and module.parts[0] == "pipelines":
        drawing = "_drawing" if module.name == "drawing.py" else ""
        return module.parent.with_name(f"test_{module.parent.name}{drawing}.py")
    return module.with_name(f"test_{module.name}")
