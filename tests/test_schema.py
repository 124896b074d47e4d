"""Names that stages share: their order, and which belong together."""

from dermaflow.schema import (
    ALL_STAGES,
    DECODE_COLUMNS,
    DRAWINGS,
    EXTRAS,
    RECORD_COLUMNS,
    SOURCE_COLUMNS,
    SPLIT_COLUMNS,
    STAGES,
    logit_columns,
    pipeline_of,
    probability_columns,
    with_drawings,
)


def test_each_stage_is_followed_by_what_draws_it():
    assert with_drawings(["train", "ingest", "augment"]) == (
        "train",
        "train_drawing",
        "ingest",
        "augment",
        "augment_drawing",
    )
    assert with_drawings(()) == ()


def test_all_stages_are_there_once_in_the_order_of_the_data():
    undrawn = [name for name in ALL_STAGES if name not in DRAWINGS.values()]
    assert undrawn == [*STAGES, *(stage for stages in EXTRAS.values() for stage in stages)]
    assert len(set(ALL_STAGES)) == len(ALL_STAGES) == len(undrawn) + len(DRAWINGS)


def test_a_drawing_belongs_to_the_pipeline_of_its_stage():
    pipelines = {name: pipeline_of(name) for name in with_drawings(["ingest", "crossval_evaluate"])}
    assert pipelines == {
        "ingest": "ingest",
        "crossval_evaluate": "crossval_evaluate",
        "crossval_evaluate_drawing": "crossval_evaluate",
    }


def test_columns_of_a_class_keep_the_order_of_the_classes():
    assert probability_columns(["nv", "mel"]) == ["p_nv", "p_mel"]
    assert logit_columns(["nv", "mel"]) == ["logit_nv", "logit_mel"]


def test_no_column_of_the_manifest_is_told_by_two_stages():
    columns = (*RECORD_COLUMNS, *DECODE_COLUMNS, *SPLIT_COLUMNS)
    assert len(set(columns)) == len(columns)
    assert RECORD_COLUMNS[: len(SOURCE_COLUMNS)] == SOURCE_COLUMNS
