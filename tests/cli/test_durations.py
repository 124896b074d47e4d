"""Durations as people write them."""

import pytest

from dermaflow.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("8h", 28800), (" 2d ", 172800)],
)
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert Duration.parse(text).seconds == seconds
    assert str(Duration.parse(text)) == text.strip()


@pytest.mark.parametrize("text", ["", "0", "0h", "-1", "8 hours", "1h30", "h", "nan", "1w"])
def test_what_is_none_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="no duration above zero, such as 90s, 30m, 8h or 2d"):
        Duration.parse(text)
