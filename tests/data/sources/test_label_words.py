"""A source's words become class codes."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.sources.label_words import translate_labels, warn_of_unknown_words

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


# As the ISIC Archive, its challenges and the copy of HAM10000 on Kaggle call them.
PUBLISHED = {
    "Melanoma Invasive": "mel",
    "Melanoma in situ": "mel",
    "Melanoma, NOS": "mel",
    "Melanoma metastasis": "mel",
    "MEL": "mel",
    "Nevus": "nv",
    "Melanocytic nevi": "nv",
    "Seborrheic keratosis": "bkl",
    "Solar lentigo": "bkl",
    "Lichen planus like keratosis": "bkl",
    "Benign keratosis-like lesions ": "bkl",
    "Squamous cell carcinoma in situ": "akiec",
    "Squamous cell carcinoma, Invasive": "akiec",
    "Solar or actinic keratosis": "akiec",
    "AK": "akiec",
    "SCC": "akiec",
    "Hemangioma": "vasc",
    "Pyogenic granuloma": "vasc",
    "Basal cell carcinoma": "bcc",
    "Dermatofibroma": "df",
}


def test_the_shipped_scheme_knows_the_words_of_public_archives():
    shipped = params_of("labels", {"scheme": "ham10000"})
    assert translate(shipped, *PUBLISHED).tolist() == list(PUBLISHED.values())


def test_words_that_no_class_has_are_named_with_the_class_they_look_like(labels, caplog):
    words = ["mel"] * 3 + ["Melanoma Invasive, Nodular"] * 2 + ["Wart", None, "Acral Nävus"]
    records = pd.DataFrame({"source": "clinic", "label": translate(labels, *words)})
    warn_of_unknown_words(records, labels)
    [told] = caplog.messages
    assert told.startswith("clinic: 4 of 7 rows have a diagnosis that the scheme one does not know")
    assert "'Melanoma Invasive, Nodular' 2, like mel, of which 3 are known" in told
    assert "'Acral Nävus' 1, like nv, of which 0 are known" in told
    assert "'Wart' 1" in told
    assert "'Wart' 1, like" not in told


def test_many_unknown_words_are_counted_and_known_ones_are_not_told(labels, caplog):
    words = pd.Series([f"kind {number}" for number in range(12)])
    warn_of_unknown_words(pd.DataFrame({"source": "clinic", "label": words}), labels)
    assert "and 4 other words" in caplog.text
    caplog.clear()
    warn_of_unknown_words(pd.DataFrame({"source": "clinic", "label": ["nv", "mel"]}), labels)
    assert not caplog.messages
