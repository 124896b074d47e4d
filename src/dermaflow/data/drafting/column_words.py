"""How columns are called, and what their words mean, in English and German tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dermaflow.data.sources.source_records import GROUPING
from dermaflow.params.sources import TableColumn

# What the manifest calls something -> words for it, in any case.
Meanings = Mapping[str, tuple[str, ...]]

_NUMBER = "(?:id|nr|no|num|number|nummer|code|key)?"

# Names of columns as `plain_name` writes them, by what they hold; matched as a whole.
_WORDS: dict[TableColumn, str] = {
    "file": "(?:image|img|bild|foto|photo|picture|dermo?s?c?o?p?y?|derm|aufnahme)?"
    "(?:file|datei|path|pfad)(?:name|path|pfad)?|filename|dateiname|derm|dermoscopy|dermoscopic",
    "image_id": f"(?:isic|image|img|bild|foto|photo|picture|aufnahme){_NUMBER}|id",
    "label": "(?:final|main|haupt|primary|clinical|klinische|milk)?"
    "(?:diagnos(?:is|e|en|tics?|tico)|dx|labels?|class|klasse|target|befund|patholog(?:y|ie)|"
    "histolog(?:y|ie)|entity|entität|disease|category|kategorie)(?:label|name|text|\\d)?",
    "age": "(?:patients?|patienten)?(?:age|alter)(?:approx|years?|jahre|injahren|inyears)?",
    "sex": "(?:patients?|patienten)?(?:sex|gender|geschlecht)",
    "localization": "(?:anatom(?:ic(?:al)?)?|body|körper|lesion|läsion)?"
    "(?:locali[sz]ation|location|lokalisation|region|site|stelle|ort)(?:general|special)?",
    "dx_type": "(?:dx|diagnosis|diagnose)(?:confirm(?:ation)?)?(?:type|method|typ|methode)|"
    "(?:diagnose)?sicherung|gesichertdurch|confirm(?:ation|edby)|biops(?:ed|ied|y)|biopsie(rt)?",
    "image_type": "(?:image|img|bild)(?:type|typ|modality|art)|modalit(?:y|ät)|aufnahmeart",
    "skin_tone": "(?:fit[zs]patrick|skin|haut)(?:skin)?"
    "(?:type|typ|tone|ton|color|colour|farbe)?(?:class)?|phototype?",
    "licence": "(?:copyright)?(?:licen[cs]e|lizenz)",
}
NAMES = {name: re.compile(words) for name, words in _WORDS.items()}
_BEFORE = r"(?:unique|anon\w*|pseudo\w*|study|hashed|isic)?"
NAMES |= {
    "patient_id": re.compile(f"{_BEFORE}(?:{GROUPING['patient_id'].pattern})"),
    "lesion_id": re.compile(f"{_BEFORE}(?:{GROUPING['lesion_id'].pattern})"),
}

# Names that may mean a patient, a lesion or neither.
DOUBTFUL_GROUP = re.compile(f"(?:case|fall|exam|visit|study|untersuchung|aufenthalt){_NUMBER}")

# As the base's expectations know them.
SEX: Meanings = {
    "male": ("male", "m", "man", "mann", "männlich", "maennlich"),
    "female": ("female", "f", "w", "woman", "frau", "weiblich"),
    "other": ("other", "o", "d", "divers", "diverse", "non-binary"),
}
DX_TYPE: Meanings = {
    "histo": (
        "histo", "histology", "histopathology", "histologie", "histologisch", "histologically",
        "biopsy", "biopsie", "pathology", "excision", "exzision",
    ),
    "follow_up": (
        "follow_up", "follow-up", "follow up", "verlauf", "verlaufskontrolle", "kontrolle",
    ),
    "consensus": ("consensus", "konsens", "expert consensus", "single image expert consensus"),
    "confocal": ("confocal", "konfokal", "konfokalmikroskopie"),
    "clinical": ("clinical", "klinisch", "clinically", "klinik"),
}  # fmt: skip
IMAGE_TYPE: Meanings = {
    "dermoscopic": (
        "dermoscopic", "dermoscopy", "dermatoscopic", "dermatoskopisch", "dermatoskopie",
        "auflichtmikroskopie", "derm",
    ),
    "clinical": ("clinical", "klinisch", "clinic", "overview", "übersicht", "macroscopic"),
}  # fmt: skip

_SITES = (
    "abdomen|abdominal|arm|arms|back|bauch|bein|beine|brust|buttocks|chest|ear|ohr|face|gesicht|foot|"
    "fuß|fuss|forearm|unterarm|oberarm|genital|hand|hals|head|kopf|leg|leg|lip|lippe|neck|nacken|"
    "nose|nase|rücken|ruecken|rumpf|scalp|schulter|shoulder|thigh|oberschenkel|unterschenkel|trunk|"
    "extremity|extremität|palms|soles|wange|stirn|acral|limbs|oral"
)
SITE = re.compile(rf"\b(?:{_SITES})\b", re.IGNORECASE)
SKIN_TONE = re.compile(r"(?:type|typ|fst)?\s*(?:[0-6](?:\.0)?|iii?|i|iv|vi?)", re.IGNORECASE)
YES = frozenset(("true", "yes", "ja", "1", "1.0"))
NO = frozenset(("false", "no", "nein", "0", "0.0"))

# Words that stand for nothing, beside those of `ingest.unknown` in the base.
PLACEHOLDERS = frozenset(
    (
        "k. a.", "k.a.", "k.a", "ka", "keine angabe", "keine angaben", "ohne angabe", "o. a.",
        "nicht angegeben", "nicht bekannt", "nicht erhoben", "unbekannt", "unklar", "fehlt",
        "no data", "not specified", "not available", "not given", "undetermined", "unclear",
        "indeterminate", "---", "xxx",
    )
)  # fmt: skip


def meanings_of(words: Meanings) -> dict[str, str]:
    """Each word -> what it means."""
    return {word: meaning for meaning, own in words.items() for word in own}
