"""Words become classes that are known, classes of their own, or questions."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.drafting.guess_classes import guess_classes, known_codes
from dermaflow.params.labels import LabelParams

LABELS = params_of("labels", env="base")
UNKNOWN = params_of("ingest", env="base").unknown


def guess(counts, least=6, groups=None):
    words = [word for word, count in counts.items() for _ in range(count)]
    label = pd.Series(words, dtype=object)
    groups = pd.Series(groups or range(len(words)))
    found = guess_classes(label, groups, LABELS, UNKNOWN, least)
    # Every row has a place, and the scheme is one that conf takes.
    parts = [*found.classes.values(), *found.small.values()]
    rest = {**found.unknown, **found.placeholders}
    assert sum(part.rows for part in parts) + sum(rest.values()) == len(words)
    LabelParams(scheme="s", schemes={"s": {c: [*p.words] for c, p in found.classes.items()}})
    return found


def words_of(classes):
    return {code: list(drafted.words) for code, drafted in classes.items()}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("ACK", "ak"), ("SEK", "bkl"), ("NEV", "nv"), ("BCC", "bcc"), ("scc", "scc"),
        ("Melanoma, NOS", "mel"), ("Nävuszellnävus", "nv"), ("NA\u0308VUS", "nv"), ("VASC", "vasc"),
        ("Basaliom", "bcc"),
        ("Plattenepithel-Ca.", "scc"), ("Seborrhoische Keratose", "bkl"), ("Hämangiom", "vasc"),
        ("Pyogenic granuloma", "vasc"), ("akiec", "akiec"), ("Melanoma in situ", "mel"),
        ("Squamous cell carcinoma", "scc"), ("Lentigo maligna", "mel"), ("Spinaliom", "scc"),
    ],
)  # fmt: skip
def test_known_words_have_a_class(word, code):
    assert known_codes([word], LABELS) == {word: code}


def test_what_a_table_tells_apart_stays_apart():
    """HAM10000's scheme calls both `akiec`."""
    words = ["Solar or actinic keratosis", "Squamous cell carcinoma, NOS", "Nevus"]
    assert list(known_codes(words, LABELS).values()) == ["ak", "scc", "nv"]


def test_most_words_known_leaves_rare_strangers_to_the_user():
    found = guess({"mel": 50, "nv": 60, "bcc": 40, "Ekzem": 3})
    assert list(found.classes) == ["bcc", "mel", "nv"]
    assert found.unknown == {"Ekzem": 3}


def test_a_stranger_in_many_rows_is_a_class():
    found = guess({"mel": 50, "nv": 60, "bcc": 40, "Ekzem": 30})
    assert words_of(found.classes)["ekzem"] == ["Ekzem"]


def test_mostly_strange_words_become_classes_with_codes_made_of_them():
    words = {"mel": 20, "Ekzem": 9, "Psoriasis vulgaris": 8, "Fußpilz (Tinea)": 7, "Éphélide": 6}
    found = guess(words)
    assert words_of(found.classes) == {
        "mel": ["mel"],
        "ekzem": ["Ekzem"],
        "psoriasis_vulgaris": ["Psoriasis vulgaris"],
        "fusspilz_tinea": ["Fußpilz (Tinea)"],
        "ephelide": ["Éphélide"],
    }


def test_codes_are_valid_and_differ_whatever_the_words_are():
    words = [
        "1", "0", "yes", "数", "🙂", "a b", "a_b", "a-b", "A B", "x" * 80, "x" * 81, "${x}", "=1+1",
        "nv?", "\x1b[31m", "a\nb", "__", "mel!", "2024-01-02", "!!x", "{}",
    ]  # fmt: skip
    found = guess(dict.fromkeys(words, 6))
    placed = [word for drafted in found.classes.values() for word in drafted.words]
    assert sorted(placed) == sorted(words)
    assert all(code[0].isalpha() for code in found.classes)


def test_a_word_that_conf_cannot_hold_is_left_to_the_user():
    assert guess({"${": 50, "mel": 50, "nv": 50}).unknown == {"${": 50}


def test_words_that_differ_by_case_alone_are_of_one_class():
    found = guess({"Ekzem": 9, "EKZEM": 8, "ekzem ": 2, "Rosacea": 9})
    assert words_of(found.classes)["ekzem"] == ["Ekzem", "EKZEM", "ekzem "]


def test_a_part_of_a_word_is_a_hint_that_is_marked():
    found = guess({"clark nevus": 20, "melanoma (in situ)": 20, "melanoma (> 1.5 mm)": 9, "bcc": 9})
    assert found.classes["mel"].hinted == ["melanoma (> 1.5 mm)"]
    assert found.classes["nv"].hinted == ["clark nevus"]
    assert found.classes["bcc"].hinted == []


@pytest.mark.parametrize(
    "word",
    [
        "no melanoma", "kein Melanom", "Melanom?", "V. a. Melanom", "nevus vs melanoma",
        "nevus sebaceus",
    ],
)  # fmt: skip
def test_what_may_be_the_contrary_is_no_hint(word):
    found = guess({"mel": 90, "nv": 90, "bcc": 90, word: 7})
    assert found.unknown == {word: 7}


def test_a_rare_stranger_is_a_class_where_there_would_be_one_alone():
    assert words_of(guess({"mel": 90, "Ekzem": 3}).classes) == {"mel": ["mel"], "ekzem": ["Ekzem"]}


def test_words_for_nothing_are_no_class_however_many_they_are():
    found = guess({"unbekannt": 60, "N/A": 50, "k. A.": 9, "mel": 20, "nv": 20})
    assert found.placeholders == {"unbekannt": 60, "N/A": 50, "k. A.": 9}
    assert list(found.classes) == ["mel", "nv"]


def test_a_class_is_as_large_as_its_groups():
    groups = [*range(8), *range(8, 16), *[99] * 9]
    found = guess({"mel": 8, "nv": 8, "bcc": 9}, groups=groups)
    assert list(found.classes) == ["mel", "nv"]
    assert {code: drafted.groups for code, drafted in found.small.items()} == {"bcc": 1}


def test_a_set_without_two_large_classes_keeps_all():
    found = guess({"mel": 3, "nv": 20, "bcc": 2})
    assert list(found.classes) == ["bcc", "mel", "nv"]
    assert found.small == {}
