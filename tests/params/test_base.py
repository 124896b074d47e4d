"""What all models of parameters share."""

import pytest
from pydantic import TypeAdapter, ValidationError

from conf_params import params_of
from dermaflow.params.base import (
    ClassCode,
    Fraction,
    OpenFraction,
    PositiveFloat,
    PositiveInt,
    Strings,
    TargetShare,
    Word,
)


@pytest.mark.parametrize(
    ("kind", "allowed", "refused"),
    [
        (Fraction, [0, 1], [-1e-9, 1 + 1e-9]),
        (OpenFraction, [1e-9, 1 - 1e-9], [0, 1]),
        (TargetShare, [1e-9, 1], [0, 1 + 1e-9]),
        (PositiveInt, [1], [0, 1.5]),
        (PositiveFloat, [1e-9], [0, -1]),
        (ClassCode, ["mel_2", "x" * 32], ["", "Mel", "mel nos", "mel\n", "x" * 33]),
    ],
)
def test_a_kind_of_number_or_code_has_its_ends(kind, allowed, refused):
    adapter = TypeAdapter(kind)
    assert [adapter.validate_python(value) for value in allowed] == allowed
    for value in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_one_word_counts_as_a_list_of_it_and_is_not_taken_apart():
    adapter = TypeAdapter(Strings)
    assert adapter.validate_python("clinic") == ["clinic"]
    assert adapter.validate_python(["b", "a"]) == ["b", "a"]
    assert adapter.validate_python([1, "2", 3.5]) == ["1", "2", "3.5"]  # codes
    for wrong in ([True], [None], [["a"]], True):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


@pytest.mark.parametrize("value", [True, None])
def test_a_word_that_yaml_reads_as_something_else_is_to_be_put_in_quotes(value):
    with pytest.raises(ValidationError, match=f"YAML reads this word as {value}; put it in quotes"):
        TypeAdapter(Word).validate_python(value)


def test_a_group_refuses_keys_that_it_does_not_know():
    with pytest.raises(ValidationError, match=r"perclass[\s\S]*extra_forbidden"):
        params_of("explain", {"perclass": 2})


def test_a_group_is_not_changed_once_it_is_read():
    explain = params_of("explain")
    with pytest.raises(ValidationError, match="frozen"):
        explain.per_class = 2


def test_a_group_names_no_raw_files_unless_it_says_so():
    assert params_of("explain").raw_paths() == []
