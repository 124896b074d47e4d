"""How a draft names places, and what it knows of the base's limits."""

import pytest

from dermaflow.data.drafting.draft import Draft, Request, require_classes
from dermaflow.data.drafting.guess_classes import ClassGuess, DraftedClass
from dermaflow.errors import SourceError


def test_paths_inside_the_project_are_named_from_its_root(tmp_path, base):
    request = Request("my-clinic", tmp_path, tmp_path, {}, base)
    assert request.in_conf(tmp_path / "data/a b") == "data/a b"
    assert request.in_conf(tmp_path.parent / "x") == str(tmp_path.parent / "x")
    assert request.source == "my_clinic"


def test_limits_are_those_of_the_base(tmp_path, base):
    request = Request("c", tmp_path, tmp_path, {}, base)
    assert request.least("clean_classes", "groups") == 6
    assert request.least("clean_set", "images") == 50
    assert request.least("clean_set", "nothing") == 0


def test_fewer_than_two_classes_are_refused_with_what_is_there():
    require_classes(
        ClassGuess({"x": DraftedClass({"a": 5}), "y": DraftedClass()}, {}, {}, {}), "dx"
    )
    with pytest.raises(SourceError, match=r"dx has fewer than two classes .*: 'a', '-'"):
        require_classes(ClassGuess({"x": DraftedClass({"a": 5})}, {}, {}, {"-": 3}), "dx")


def test_images_are_counted_with_and_without_a_class(tmp_path, base):
    request = Request("c", tmp_path, tmp_path, {}, base)
    large, small = DraftedClass({"a": 5, "b": 2}), DraftedClass({"c": 1})
    draft = Draft(request, 20, ClassGuess({"x": large}, {"y": small}, {"d": 3}, {"e": 4}), None)
    assert (draft.images, draft.without_class) == (7, 8)
