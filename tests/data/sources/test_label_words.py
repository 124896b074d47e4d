"""A source's words become class codes."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.sources.label_words import translate_labels

SCHEMES = {
    "one": {"nv": ["Nevus", "N\u00e4vus"], "mel": "Melanoma, NOS", "bcc": []},
    "other": {"mel": ["Nevus"], "nv": []},
}


@pytest.fixture(scope="module")
def labels():
    return params_of("labels", {"scheme": "one", "schemes": SCHEMES})


def translate(labels, *words):
    return translate_labels(pd.Series(words, dtype=object), labels)


def test_words_and_codes_mean_their_class_in_any_case_and_composition(labels):
    words = ["nevus", "NV", " melanoma, nos", "Na\u0308vus", "BCC"]
    assert translate(labels, *words).tolist() == ["nv", "nv", "mel", "nv", "bcc"]


def test_an_unknown_word_stays_as_it_is_and_a_missing_one_missing(labels):
    """Validate tells people the word that their source has."""
    codes = translate(labels, " Wart ", None, "Melanoma", "mel")
    assert codes.isna().tolist() == [False, True, False, False]
    assert codes.dropna().tolist() == [" Wart ", "Melanoma", "mel"]


def test_only_the_scheme_in_use_counts_and_rows_keep_their_index():
    other = params_of("labels", {"scheme": "other", "schemes": SCHEMES})
    words = pd.Series(["Nevus", "Melanoma, NOS"], index=[7, 3])
    assert translate_labels(words, other).to_dict() == {7: "mel", 3: "Melanoma, NOS"}


@pytest.mark.parametrize("scheme", ["ham10000", "isic_diagnosis_3"])
def test_every_code_of_conf_is_its_own_word(scheme):
    shipped = params_of("labels", {"scheme": scheme})
    assert translate(shipped, *shipped.classes).tolist() == shipped.classes
