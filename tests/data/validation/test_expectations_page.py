"""``docs/expectations.md``: its examples work, and its tables name every column."""

import re

import pandas as pd
import pytest
import yaml

from dermaflow.data.drift.drift_features import DRIFT_COLUMNS, TITLES
from dermaflow.data.validation.check_manifest import ROW_SUITES, SET_SUITES
from dermaflow.data.validation.group_tables import tabulate_groups, tabulate_lesions
from dermaflow.data.validation.set_tables import describe_classes, describe_set
from dermaflow.data.validation.suites import run_suite
from dermaflow.params.validate import DriftParams, ExpectationParams
from dermaflow.schema import RECORD_COLUMNS


@pytest.fixture(scope="module")
def page(project_path):
    return (project_path / "docs" / "expectations.md").read_text()


@pytest.fixture(scope="module")
def examples(page):
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return [yaml.safe_load(block)["validate"] for block in blocks]


@pytest.fixture(scope="module")
def columns(page):
    """Columns of each suite's table, as the page tells them."""
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", page, re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", names) for name, names in rows if name != "drift"}
    told["image_statistics"] += told["manifest_rows"]
    return told | {"drift": list(DRIFT_COLUMNS)}


def test_every_suite_and_every_column_and_feature_of_drift_is_told(page, columns):
    assert {*ROW_SUITES, *SET_SUITES} <= set(columns)
    one = pd.DataFrame(
        {"image_id": ["i"], "label": "nv", "lesion_id": "a", "patient_id": None, "sha256": "x"}
    )
    one = one.assign(source="s", role="train")
    assert set(columns["manifest_rows"]) == set(RECORD_COLUMNS)
    assert set(columns["clean_set"]) == set(describe_set(one, one, [], set()).columns)
    assert set(columns["clean_classes"]) == set(describe_classes(one, one, ["nv"]).columns)
    assert set(columns["clean_groups"]) == set(tabulate_groups(one).columns)
    assert set(columns["clean_lesions"]) == set(tabulate_lesions(one).columns)
    drift = page[page.index("## Drift") :]
    assert all(f"`{name}`" in drift for name in (*DRIFT_COLUMNS, *TITLES))


def test_examples_are_expectations_that_can_be_checked(examples, columns):
    suites = [suite for example in examples for suite in example.get("expectations", {}).items()]
    assert len(suites) == 3
    for name, suite in suites:
        table = pd.DataFrame({column: [0.5, 0.2] for column in columns[name]})
        result = run_suite(name, [ExpectationParams(**entry) for entry in suite], table, {})
        assert len(result.outcomes) == len(suite)
    [drift] = [example["drift"] for example in examples if "drift" in example]
    assert set(drift) <= set(DriftParams.model_fields)
