"""Names of columns, as real tables have them."""

import pytest

from dermaflow.data.drafting.column_words import DOUBTFUL_GROUP, NAMES, meanings_of
from dermaflow.io.untrusted_tables import plain_name

CALLED = {
    "file": ["Datei", "file_name", "image_path", "Bilddatei", "derm", "Filename", "Dateiname"],
    "image_id": ["isic_id", "img_id", "Bild-Nr", "image_id", "id", "ImageID", "Foto-Nummer"],
    "label": ["diagnostic", "diagnosis", "dx", "Diagnose", "diagnosis_1", "target", "milk_dx"],
    "patient_id": ["patient_id", "Patient", "Patienten-Nr", "anon_patient_id", "MRN", "subject"],
    "lesion_id": ["lesion_id", "Läsion", "Laesion_Nr", "LesionID"],
    "age": ["age", "Alter", "age_approx", "Patientenalter", "age_years"],
    "sex": ["sex", "gender", "Geschlecht"],
    "localization": ["localization", "region", "site", "anatom_site_general", "Lokalisation"],
    "dx_type": ["dx_type", "biopsed", "diagnosis_confirm_type", "Sicherung"],
    "skin_tone": ["fitspatrick", "fitzpatrick_skin_type", "skin_tone_class", "Hauttyp"],
    "image_type": ["image_type", "modality"],
    "licence": ["copyright_license", "licence", "Lizenz"],
}
NOTHING = [
    "smoke", "diameter_1", "level_of_diagnostic_difficulty", "background_father", "clinic",
    "skin_cancer_history", "benign_malignant", "melanocytic_lesion", "notes", "management", "Name",
    "Geburtsdatum", "attribution", "number_of_lesions",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meaning"), [(name, meaning) for meaning, names in CALLED.items() for name in names]
)
def test_a_column_is_known_by_its_name_and_taken_for_one_thing(name, meaning):
    plain = plain_name(name)
    assert [known for known, words in NAMES.items() if words.fullmatch(plain)] == [meaning]


@pytest.mark.parametrize("name", NOTHING)
def test_a_name_that_only_holds_such_a_word_is_none(name):
    assert not any(words.fullmatch(plain_name(name)) for words in NAMES.values())


def test_a_case_may_be_a_patient_or_a_lesion():
    for name in ("case_num", "Fall-Nr", "case_id", "exam"):
        assert DOUBTFUL_GROUP.fullmatch(plain_name(name))
    assert not DOUBTFUL_GROUP.fullmatch("management")


def test_each_word_has_one_meaning():
    assert meanings_of({"a": ("x", "y"), "b": ("z",)}) == {"x": "a", "y": "a", "z": "b"}
