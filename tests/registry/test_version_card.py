"""What a version's page says of it."""

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.version_card import LONGEST, describe_version, note_looks
from toy_evidence import toy_evidence

TAGS = {"data_source": "own; milk", "data_licence": "CC-BY", "code_version": "c0ffee"}
CONTRACT = {"intended_use": "to learn", "limitations": "many"}


def test_the_first_line_and_the_list_tell_what_the_version_is():
    text = describe_version(CONTRACT, toy_evidence(), TAGS, "d" * 64)
    assert text.splitlines()[0].startswith("smoke, data d1: balanced accuracy 0.750 [0.500, 0.900]")
    for expected in (
        "| Melanoma recall | 0.500 |",
        "- **environment:** `smoke`",
        "- **data version:** `d1`",
        "- **data:** own; milk",
        "- **tested on:** test (2 images), external/milk (1 images)",
        "- **classes:** mel (Melanoma), nv (Melanocytic naevus)",
        "- **code:** `c0ffee`",
        f"- **digest of the files:** `{'d' * 64}`",
        "**Intended use.** to learn",
        "**Limitations.** many",
    ):
        assert expected in text


def test_it_is_no_longer_than_the_database_takes():
    long = {"intended_use": "use " * 2000, "limitations": "limit " * 2000}
    tags = TAGS | {"data_source": "source " * 2000, "code_version": "c" * 9000}
    parts = {"test": {}} | {f"external/{n}": {"images": Estimate(n)} for n in range(900)}
    text = describe_version(long, toy_evidence(parts=parts), tags, "d" * 64)
    assert len(text) <= LONGEST
    assert "nothing measured" in text.splitlines()[0]
    assert "**Limitations.** limit" in text


def test_looks_at_the_test_set_are_counted_in_one_line_below_the_facts():
    card = "base, data d1\n\n- **environment:** base\n- **classes:** mel, nv\n\nResearch."
    once = note_looks(card, 1)
    assert once.splitlines()[3:6] == [
        "- **classes:** mel, nv",
        "- **decisions on this test set:** 1",
        "",
    ]
    assert note_looks(once, 12) == once.replace("set:** 1", "set:** 12")
    assert note_looks("", 2) == "- **decisions on this test set:** 2"
    full = "x" * LONGEST
    assert note_looks(full, 2) == full
