"""Great Expectations suites, kept as data in conf, run over a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd

from dermaflow.errors import ParameterError
from dermaflow.io.text import one_line
from dermaflow.params.validate import ExpectationParams

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.types.base import DataContextConfig
    from great_expectations.expectations.expectation import Expectation

# What a row is called by, in Data Docs and elsewhere: the first of these that a table has.
_NAMES = (["image_id"], ["batch", "feature"], ["group_id"], ["lesion_id"], ["label"])
# The table's index as a column, by which an offending row is told.
_ROW = "row"
# How many rows are shown that break an expectation, of tables that have thousands.
_EXAMPLES = {"image_id": 3, "group_id": 5, "lesion_id": 5}
_COLUMN_KEYS = ("column", "column_A", "column_B", "column_list")


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation.

    Attributes:
        params: the expectation as conf has it.
        column: the column or columns it is about; empty for one about the whole table.
        success: whether it is met.
        checked: values that were looked at; missing ones are not, except by a check for them.
        rows: index of each row that breaks it; empty for one about a column or table as a whole.
        observed: short text of what was found.
    """

    params: ExpectationParams
    column: str
    success: bool
    checked: int
    rows: tuple[int, ...]
    observed: str


@dataclass(frozen=True)
class SuiteResult:
    """Outcomes in the order of conf, and the library's own result as JSON, which Data Docs show.

    Times and names that the library draws at random are left out: equal data give equal bytes.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    library: dict[str, Any]

    @property
    def success(self) -> bool:
        """Whether every expectation is met."""
        return all(outcome.success for outcome in self.outcomes)

    @property
    def broken_rows(self) -> set[int]:
        """Index of each row that breaks an expectation which is not met."""
        return {row for outcome in self.outcomes if not outcome.success for row in outcome.rows}

    def failures(self, on_failure: str) -> Iterator[Outcome]:
        """Outcomes of expectations that are not met and have this consequence."""
        for outcome in self.outcomes:
            if not outcome.success and outcome.params.on_failure == on_failure:
                yield outcome


def run_suite(
    name: str,
    expectations: Sequence[ExpectationParams],
    table: pd.DataFrame,
    values: Mapping[str, Any],
) -> SuiteResult:
    """Check a table against a suite.

    Args:
        name: the suite's key in ``validate.expectations``.
        expectations: of the suite.
        table: with a unique integer index, by which offending rows are told.
        values: what ``{$PARAMETER: <name>}`` stands for in an expectation's kwargs.

    Raises:
        ParameterError: an expectation is not known, its kwargs are wrong, it is about a column that
            the table lacks, or it is to quarantine rows but cannot tell them.
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral", project_config=_quiet_config())
    suite = gx.ExpectationSuite(name=name)
    for position, params in enumerate(expectations):
        key = f"validate.expectations.{name}.{position}"
        suite.add_expectation(_build(params, position, key, table.columns))
    asset = context.data_sources.add_pandas("dermaflow").add_dataframe_asset(name)
    numbered = table.assign(**{_ROW: table.index})
    batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": numbered})
    result_format = {
        "result_format": "COMPLETE",  # all offending rows
        "unexpected_index_column_names": [_ROW, *_name_columns(table)],
        "return_unexpected_index_query": False,
    }
    raw = batch.validate(suite, result_format=result_format, expectation_parameters=dict(values))
    # The library groups results by what it computes; put them back in the order of conf.
    raw.results.sort(key=_position)
    outcomes = tuple(
        _read_outcome(result, params, f"validate.expectations.{name}.{position}", table)
        for position, (result, params) in enumerate(zip(raw.results, expectations, strict=True))
    )
    return SuiteResult(name, outcomes, {**raw.to_json_dict(), "meta": {}})


def _quiet_config() -> DataContextConfig:
    """Keep everything in memory, draw no bars and report to nobody."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


def _build(params: ExpectationParams, position: int, key: str, columns: pd.Index) -> Expectation:
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations import expectation as kinds
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    for column in _columns(params.kwargs):
        if column not in columns:
            raise _error(f"{key}.kwargs", f"no column '{column}'{_near(column, columns)}")
    config = ExpectationConfiguration(
        type=params.expectation, kwargs=params.kwargs, meta={"position": position}
    )
    try:
        built = config.to_domain_obj()
    except ExpectationNotFoundError as error:
        near = _near(params.expectation, list_registered_expectation_implementations())
        raise _error(
            f"{key}.expectation", f"no expectation '{params.expectation}'{near}"
        ) from error
    except ValueError as error:  # pydantic's; its first line only counts the others
        problems = "; ".join(line.strip() for line in str(error).splitlines()[1:])
        raise _error(f"{key}.kwargs", problems or str(error)) from error
    by_row = (
        kinds.ColumnMapExpectation,
        kinds.ColumnPairMapExpectation,
        kinds.MulticolumnMapExpectation,
    )
    if params.on_failure in ("quarantine", "unset") and not isinstance(built, by_row):
        problem = f"{params.expectation} does not tell which rows break it; only 'stop' is possible"
        raise _error(f"{key}.on_failure", problem)
    return built


def _position(result: ExpectationValidationResult) -> int:
    return int(result.expectation_config.meta["position"]) if result.expectation_config else -1


def _read_outcome(
    result: ExpectationValidationResult, params: ExpectationParams, key: str, table: pd.DataFrame
) -> Outcome:
    found = result.result
    if not found:  # it could not be evaluated
        trouble = next(iter(result.exception_info.values()), None)
        if isinstance(trouble, Mapping):
            trouble = trouble.get("exception_message")
        raise _error(key, f"{params.expectation} cannot be evaluated: {trouble}")
    rows = tuple(int(entry[_ROW]) for entry in found.get("unexpected_index_list") or ())
    checked = int(found.get("element_count") or 0) - int(found.get("missing_count") or 0)
    column = ", ".join(_columns(params.kwargs))
    if "observed_value" in found:
        observed = str(found["observed_value"])
    else:
        examples = _show_values(table, column, _choose_shown(table, rows))
        observed = f"{len(rows)} of {checked} values break it" if rows else "no value breaks it"
        observed += f": {examples}" if examples else ""
    return Outcome(params, column, bool(result.success), checked, rows, observed)


def _choose_shown(table: pd.DataFrame, rows: Sequence[int]) -> Sequence[int]:
    """What breaks the expectation, as far as it may be listed; of classes, and of totals, all."""
    for name, count in _EXAMPLES.items():
        if name in table.columns:
            return rows[:count]
    return rows if "feature" in table.columns else list(table.index)


def _show_values(table: pd.DataFrame, column: str, rows: Iterable[int]) -> str:
    """Values of a column with what their rows are called, such as ``df 4, vasc 5``."""
    names = [name for name in _name_columns(table) if name != column]
    names += [column] if column in table.columns else []
    values = ([table.at[row, name] for name in names] for row in rows)
    return ", ".join(" ".join(format_value(value) for value in row) for row in values)


def _name_columns(table: pd.DataFrame) -> list[str]:
    return next((names for names in _NAMES if set(names) <= set(table.columns)), [])


def format_value(value: object) -> str:
    """Text of a cell, on one line, short where it is a number."""
    return f"{value:.4g}" if isinstance(value, float) else one_line(value)


def _columns(kwargs: Mapping[str, Any]) -> list[str]:
    named = [kwargs[key] for key in _COLUMN_KEYS if key in kwargs]
    return [str(c) for value in named for c in (value if isinstance(value, list) else [value])]


def _near(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, list(map(str, known)), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _error(key: str, problem: str) -> ParameterError:
    return ParameterError(f"{key}: {problem} (parameters_validate.yml)")
