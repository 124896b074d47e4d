"""Label schemes in conf."""

import pytest
from pydantic import ValidationError

from dermaflow.params.labels import LabelParams

SCHEME = {"nv": ["Nevus", "Naevus"], "mel": "Melanoma, NOS"}


def test_the_order_of_codes_is_that_of_the_classes():
    labels = LabelParams(scheme="a", schemes={"a": SCHEME, "b": {"x": [], "y": []}})
    assert labels.classes == ["nv", "mel"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scheme": "b"}, "there is no 'b' among the schemes"),
        ({"schemes": {"a": SCHEME | {"bcc": ["NEVUS"]}}}, "'NEVUS' means both nv and bcc"),
        ({"schemes": {"a": SCHEME | {"bcc": ["mel"]}}}, "'mel' means both mel and bcc"),
        ({"schemes": {"a": {"nv": []}}}, "at least 2 items"),
        ({"schemes": {"a": SCHEME | {"B C": []}}}, "String should match pattern"),
    ],
)
def test_schemes_that_cannot_be_meant_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        LabelParams(**{"scheme": "a", "schemes": {"a": SCHEME}} | values)
