"""Rules that tie groups of parameters to each other, and the ends of ranges."""

import pytest
from kedro.config import OmegaConfigLoader
from pydantic import ValidationError

from conf_params import params_of
from dermaflow.params.dotted_keys import nest
from dermaflow.params.parameters import Parameters
from dermaflow.settings import CONFIG_LOADER_ARGS


@pytest.fixture(scope="module")
def read(project_path):
    """Read all parameters of ``smoke``, with other values under dotted keys."""
    loader = OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)
    values = loader["parameters"]
    return lambda changes: Parameters.model_validate(nest(changes, values))


@pytest.fixture(scope="module")
def assert_refused(read):
    def check(changes, message):
        with pytest.raises(ValidationError) as caught:
            read(changes)
        (error,) = caught.value.errors()
        assert str(error["ctx"]["error"]).startswith(message)

    return check


@pytest.mark.parametrize("group", ["evaluate", "crossval"])
def test_only_square_images_are_turned_by_quarters(read, assert_refused, group):
    assert read({f"{group}.views": 8}).image.height == 32
    assert read({f"{group}.views": 4, "image.height": 48}).image.height == 48
    oblong = {f"{group}.views": 8, "image.height": 48}
    assert_refused(oblong, f"{group}.views: 8 views are quarter turns, too, and need square images")


@pytest.mark.parametrize(("folds", "least"), [(2, 0.5), (5, 0.8)])
def test_a_fold_must_leave_something_to_train_on(read, assert_refused, folds, least):
    below = {"crossval.val": least - 0.01, "validate.split.folds": folds}
    assert read(below).crossval.val == least - 0.01
    assert_refused(below | {"crossval.val": least}, f"crossval.val: with {folds} folds")


def test_only_folds_of_the_split_are_asked_for(read, assert_refused):
    assert read({"crossval.folds": [2, 1]}).crossval.folds == [2, 1]
    assert_refused({"crossval.folds": [1, 3]}, "crossval.folds: there is no fold 3, but 2")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"loss.gamma": {"low": 0, "high": 1}}, "train has no key 'loss.gamma'"),
        ({"balance": {"choices": [0.5, 2.0]}}, "may not try balance 2.0: Input should be less"),
        ({"balance": {"low": 0.5, "high": 1.1}}, "may not try balance 1.1: Input should be less"),
        ({"balance": {"low": -1, "high": 1}}, "may not try balance -1.0: Input should be greater"),
        ({"resize": {"choices": [[], [{"until": 0.5}]]}}, "may not try resize [{'until': 0.5}]"),
        ({"epochs": {"low": 1, "high": 3}}, "may not try epochs 1.7"),  # only whole numbers
        (
            {
                "loss.class_balance_beta": {"choices": [0.0, 0.999]},
                "loss.logit_adjustment": {"choices": [0.0, 1.0]},
            },
            "may not try loss.class_balance_beta 0.999 with loss.logit_adjustment 1.0",
        ),
    ],
)
def test_a_search_tries_only_what_train_allows(assert_refused, space, message):
    assert_refused({"search.space": space}, f"search.space: {message}")


def test_a_search_may_try_all_that_train_allows(read):
    space = {"balance": {"low": 0, "high": 1}, "colour_constancy": {"choices": [None, 20]}}
    assert list(read({"search.space": space}).search.space) == list(space)


def test_names_are_of_classes_of_any_scheme_and_fit_on_a_line(read, assert_refused):
    named = read({"class_names": {"scc": "Spinaliom"}})
    assert named.class_names == {"scc": "Spinaliom"}
    assert_refused(
        {"class_names": {"mle": "Melanoma"}},
        "class_names.mle: no label scheme has a class 'mle'",
    )
    for name in ("", "a\nb", "x" * 41):
        assert_refused(
            {"class_names": {"mel": name}}, "class_names.mel: a name is a line of 1 to 40"
        )


def test_operating_points_are_of_classes_of_any_scheme_and_named_like_none(read, assert_refused):
    def points(name, code):
        return {"evaluate.operating_points": {name: {"class": code, "recall": 0.9}}}

    parameters = read(points("scc_90", "scc"))
    assert "scc" not in parameters.labels.classes
    key = "evaluate.operating_points"
    assert_refused(points("scc", "mel"), f"{key}.scc: a class has that name")
    assert_refused(
        points("all", "mle"), f"{key}.all.class: no label scheme has a class 'mle' (ak, akiec,"
    )


# The last value that is allowed at an end of a range, and the first beyond it.
@pytest.mark.parametrize(
    ("group", "key", "last", "beyond"),
    [
        ("augment", "strategy", "none", "gan"),
        ("augment", "target_count", 1, 0),
        ("augment", "min_real", 4, 3),
        ("augment", "dcgan.pixels", 32, 48),
        ("augment", "dcgan.width", 8, 7),
        ("augment", "dcgan.width", 512, 513),
        ("augment", "dcgan.batch_size", 4, 3),
        ("augment", "dcgan.batch_size", 1024, 1025),
        ("augment", "dcgan.beta1", 0, -0.1),
        ("augment", "dcgan.r1_penalty", 0, -0.1),
        ("augment", "dcgan.learning_rate", 1e-9, 0),
        ("crossval", "protocol", "image", "patient"),
        ("crossval", "views", 8, 3),
        ("ingest", "features.side", 64, 63),
        ("ingest", "features.side", 1024, 1025),
        ("ingest", "features.keypoints", 50, 49),
        ("ingest", "features.keypoints", 2000, 2001),
        ("duplicates", "words", 16, 15),
        ("duplicates", "words", 1024, 1025),
        ("duplicates", "candidates", 0, -1),
        ("duplicates", "candidates", 200, 201),
        ("duplicates", "agreeing", 4, 3),
        ("duplicates", "chance_pairs", 1e-9, 0),
        ("evaluate", "bootstrap_samples", 0, -1),
        ("evaluate", "least_groups", 1, 0),
        ("evaluate", "calibration_bins", 2, 1),
        ("evaluate", "logit_adjustment", 4, 4.1),
        ("explain", "per_class", 1, 0),
        ("explain", "blur", 1, 1.1),
        ("explain", "blur", 1e-9, 0),
        ("explain", "lime.segments", 4, 3),
        ("explain", "lime.segments", 1000, 1001),
        ("image", "height", 32, 31),
        ("image", "height", 1024, 1025),
        ("image", "width", 32, 31),
        ("image", "width", 1024, 1025),
        ("image", "max_bytes", 1, 0),
        ("ingest", "shard_images", 16, 15),
        ("ingest", "shard_images", 65_536, 65_537),
        ("register", "name", "Derma-flow 2.0", "derma/flow"),
        ("search", "metric", "val_loss", "test_auc"),
        ("search", "reduction", 2, 1),
        ("validate", "split.folds", 2, 1),
        ("validate", "split.folds", 20, 21),
        ("validate", "drift.permutations", 499, 498),
        ("validate", "drift.sample", 20, 19),
    ],
)
def test_a_range_ends_where_it_says(group, key, last, beyond):
    found = params_of(group, {key: last})
    for name in key.split("."):
        found = getattr(found, name)
    assert found == last
    with pytest.raises(ValidationError):
        params_of(group, {key: beyond})


@pytest.mark.parametrize("beyond", [-1, 2**31])
def test_a_seed_has_31_bits(read, beyond):
    assert read({"seed": 2**31 - 1}).seed == 2**31 - 1
    with pytest.raises(ValidationError):
        read({"seed": beyond})
