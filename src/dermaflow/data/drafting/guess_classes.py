"""Which words of a label column mean which class."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from dermaflow.data.drafting.column_words import PLACEHOLDERS
from dermaflow.data.drafting.conf_text import can_be_written
from dermaflow.data.sources.label_words import translate_labels
from dermaflow.io.untrusted_tables import plain_name, same_letters
from dermaflow.params.labels import LabelParams
from dermaflow.schema import CLASS_NAMES

# Words that mean a class and no scheme of the base lists, as `plain_name` writes them.
_SYNONYMS = {
    "ak": "ack|actinickeratosis|solarkeratosis|aktinischekeratose|solarekeratose",
    "bcc": "basalcellcarcinoma|basalcellca|basalioma?|basalzellkarzinom|basalzellca|bzk",
    "bkl": "sek|sk|seborrh?o?eickeratosis|seborrhoischekeratose|verrucaseborrho?ica|"
    "benignkeratosis|solarlentigo|lentigosolaris|lichenplanuslikekeratosis|lplk|alterswarze",
    "df": "dermatofibroma?|histiozytom|fibroushistiocytoma",
    "mel": "melanoma?|malignantmelanoma|malignesmelanom|melanomainsitu|melanominsitu|"
    "lentigomaligna|invasivemelanoma|melanominvasiv|invasivesmelanom",
    "nv": "nev|nevus|nevi|naevus|naevi|nävus|nävi|nävuszellnävus|naevuszellnaevus|nzn|"
    "melanocyticn(?:ae|e)vus|melanozytärernävus",
    "scc": "squamouscellcarcinoma|squamouscellca|plattenepithelkarzinom|plattenepithelca|spinaliom|"
    "pek|stachelzellkarzinom",
    "vasc": "vascularlesion|vaskulärel(?:ä|ae)sion|h(?:a?e|ä)?mangioma?|angioma?|angiokeratoma?|"
    "pyogenicgranuloma",
}
# Parts of a longer word that point to a class, and what says that it means something else.
_HINTS = {
    "ak": "actinickeratos|aktinischekeratos",
    "bcc": "basalcell|basalzell|basaliom",
    "bkl": "seborr",
    "df": "dermatofibrom",
    "mel": "melanom|lentigomaligna",
    "nv": "n(?:e|ae|ä)v(?:us|i)",
    "scc": "squamouscell|plattenepithel|spinaliom",
    "vasc": "angiom|vascular",
}
_CONTRARY = re.compile(
    r"\b(?:no|non|not|kein\w*|vs|versus|verdacht|susp\w*|rule|dd)\b|\bv\. ?a\.|\?|"
    r"seba[cz]e|flamm?e|epiderm|verru|comedon|an[ae]+mic|basal cell n[ae]|spider",
    re.IGNORECASE,
)
_OWN_SHARE = 0.05  # of the rows, from which on an unknown word is no stray
_MAX_CODE = 32  # characters
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o"})


@dataclass
class DraftedClass:
    """A class and the words that mean it.

    Attributes:
        words: the table's word -> rows.
        hinted: of these, those that were only guessed by a part of them.
        groups: lesions, or patients where they are known, that show it.
    """

    words: dict[str, int] = field(default_factory=dict)
    hinted: list[str] = field(default_factory=list)
    groups: int = 0

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return sum(self.words.values())


@dataclass(frozen=True)
class ClassGuess:
    """What becomes of the words of a label column.

    Attributes:
        classes: code -> class, in the order of the model's outputs.
        small: the same, of classes with too few groups to be split.
        unknown: word -> rows, of words that may belong to a class or be one.
        placeholders: word -> rows, of words that say that nothing is known.
    """

    classes: dict[str, DraftedClass]
    small: dict[str, DraftedClass]
    unknown: dict[str, int]
    placeholders: dict[str, int]


def guess_classes(
    label: pd.Series, groups: pd.Series, labels: LabelParams, unknown: Collection[str], least: int
) -> ClassGuess:
    """Sort a label column's words into classes.

    Known words become the classes that they mean. Others become classes of their own where most
    words are unknown, or where they are in many rows; else they are left to the user.

    Args:
        label: words as they are written, stripped; missing where there is none.
        groups: of the same rows, by which the split divides them.
        labels: the base's schemes.
        unknown: words that mean that a value is not known.
        least: groups that a class needs to be split.
    """
    counts = label.value_counts()
    counts.index = counts.index.map(str)
    nothing = {word.casefold() for word in unknown} | PLACEHOLDERS
    placeholders = {w: int(c) for w, c in counts.items() if _plain(w) in nothing}
    told = {w: int(c) for w, c in counts.items() if w not in placeholders}
    classes = _find_known(told, labels)
    left = _add_own(classes, told)
    for drafted in classes.values():
        drafted.groups = groups[label.isin(drafted.words)].nunique()
    large = {code: drafted for code, drafted in classes.items() if drafted.groups >= least}
    if len(large) < 2:  # no scheme is smaller; validate tells that there are too few
        return ClassGuess(classes, {}, left, placeholders)
    small = {code: drafted for code, drafted in classes.items() if code not in large}
    return ClassGuess(large, small, left, placeholders)


def _find_known(told: Mapping[str, int], labels: LabelParams) -> dict[str, DraftedClass]:
    """Classes of words that are known, or that a part of them points to, by code."""
    writable = [word for word in told if can_be_written(word)]
    codes = known_codes(writable, labels)
    hints = {w: code for w in writable if w not in codes and (code := _hint(w))}
    classes: dict[str, DraftedClass] = {}
    for word, code in {**codes, **hints}.items():
        classes.setdefault(code, DraftedClass()).words[word] = told[word]
        classes[code].hinted += [word] if word in hints else []
    return {code: classes[code] for code in sorted(classes)}


def _add_own(classes: dict[str, DraftedClass], told: Mapping[str, int]) -> dict[str, int]:
    """Add classes of one's own to the known ones; returns the words that are left to the user."""
    placed = {word for drafted in classes.values() for word in drafted.words}
    strange = [word for word in told if word not in placed]
    takes_all = len(strange) > len(told) / 2 or len(classes) < 2
    frequent = _OWN_SHARE * sum(told.values())
    left: dict[str, int] = {}
    for word in strange:
        same = next((c for c in classes.values() if _plain(word) in map(_plain, c.words)), None)
        if not can_be_written(word):
            left[word] = told[word]
        elif same:
            same.words[word] = told[word]
        elif takes_all or told[word] >= frequent:
            classes[_make_code(word, classes, told)] = DraftedClass({word: told[word]})
        else:
            left[word] = told[word]
    return left


def known_codes(told: Collection[str], labels: LabelParams) -> dict[str, str]:
    """Word -> class code, of the words that are a code, a synonym or of a scheme of the base.

    Codes and synonyms go first, since they tell apart what a scheme may put together. Schemes may
    differ in what a word means; the one that tells most of the others apart goes first.
    """
    codes = {w: code for w in told if (code := _code_or_name(w) or _synonym(w))}
    words = pd.Series([word for word in told if word not in codes], dtype=object)
    found: list[dict[str, str]] = []
    for name, scheme in labels.schemes.items():
        told_by = translate_labels(words, labels.model_copy(update={"scheme": name}))
        pairs = zip(words, told_by, strict=True)
        found.append({word: code for word, code in pairs if code in scheme})
    found.sort(key=lambda known: (len(set(known.values())), len(known)))
    for known in found:
        codes |= known
    return {word: codes[word] for word in told if word in codes}


def _code_or_name(word: str) -> str | None:
    return _CODES.get(_plain(word))


def _plain(word: str) -> str:
    return same_letters(word.strip()).casefold()


_CODES = {_plain(text): code for code, name in CLASS_NAMES.items() for text in (code, name)}


def _synonym(word: str) -> str | None:
    plain = plain_name(word)
    codes = (code for code, known in _SYNONYMS.items() if re.fullmatch(known, plain))
    return None if _CONTRARY.search(word) else next(codes, None)


def _hint(word: str) -> str | None:
    """The one class that a part of the word points to."""
    plain = plain_name(word)
    codes = [code for code, part in _HINTS.items() if re.search(part, plain)]
    return codes[0] if len(codes) == 1 and not _CONTRARY.search(word) else None


def _make_code(word: str, codes: Collection[str], told: Mapping[str, int]) -> str:
    """A code for a class of its own: the word in small letters, digits and ``_``."""
    latin = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    text = re.sub(r"[^a-z0-9]+", "_", latin.encode("ascii", "ignore").decode()).strip("_")
    text = text if text[:1].isalpha() else f"class_{text}".rstrip("_")
    # No other word may be called so: it would mean both classes.
    taken = {*codes, *CLASS_NAMES, *(set(map(_plain, told)) - {_plain(word)})}
    for number in range(1, len(taken) + 2):
        end = "" if number == 1 else f"_{number}"
        code = text[: _MAX_CODE - len(end)].rstrip("_") + end
        if code not in taken:
            return code
    raise AssertionError("there are more codes than taken ones")
