"""Tables as people have them become environments that read every image, without an edit."""

import pandas as pd
import pytest

from data.drafting import made_up_tables as made_up
from dermaflow.data.drafting.conf_files import render_files
from dermaflow.data.drafting.conf_text import list_questions
from dermaflow.data.sources import SourceSet
from dermaflow.data.sources.label_words import translate_labels
from dermaflow.errors import SourceError


def questions(draft):
    return [text for file in render_files(draft).values() for _, text in list_questions(file)]


def read(parameters):
    """What ingest reads by these parameters, and which files no row names."""
    sources = SourceSet(parameters.ingest, parameters.seed)
    records = sources.records()
    records["label"] = translate_labels(records["label"], parameters.labels)
    return records, sources.unlisted()["clinic"]


def guessed(draft):
    facts = draft.facts
    return {"file": facts.files.column, **{g.meaning: g.column for g in facts.columns}}


def test_pad_ufes(tmp_path, draft, load):
    found = draft(*made_up.pad_ufes(tmp_path / "pad"))
    assert guessed(found) == {
        "file": "img_id", "image_id": "img_id", "patient_id": "patient_id", "age": "age",
        "lesion_id": "lesion_id", "sex": "gender", "localization": "region", "dx_type": "biopsed",
        "skin_tone": "fitspatrick",
    }  # fmt: skip
    records, unlisted = read(load(found))
    assert unlisted == []
    assert records["file"].str.startswith("imgs_part_").all()
    assert records["label"].value_counts().to_dict() == {
        "ak": 44, "bcc": 50, "mel": 8, "nv": 26, "scc": 18, "bkl": 24,
    }  # fmt: skip
    assert set(records["dx_type"]) == {"histo", "clinical"}
    assert set(records["sex"].dropna()) == {"male", "female"}
    assert set(records["skin_tone"].dropna()) == {"1", "2"}
    assert [text[:30] for text in questions(found)] == [
        "was 'False' diagnosed clinical", "whose are the images, and what",
        "what is the model for, and wha",
    ]  # fmt: skip


def test_derm7pt(tmp_path, draft, load):
    found = draft(*made_up.derm7pt(tmp_path / "derm7pt"))
    assert guessed(found) == {
        "file": "derm", "image_id": "derm", "sex": "sex", "localization": "location",
    }  # fmt: skip
    records, unlisted = read(load(found))
    assert len(unlisted) == len(records) == sum(made_up.DERM7PT.values())
    counts = records["label"].value_counts()
    assert counts[["nv", "mel", "bcc", "bkl", "df", "vasc"]].tolist() == [149, 116, 21, 22, 12, 14]
    assert set(counts.index[counts < 10]) == {"lentigo", "melanosis", "miscellaneous"}
    asked = "\n".join(questions(found))
    for part in (
        "'clinic' names 356 other files", "which images show one lesion", "what is 'lentigo'",
        "what is 'melanosis'", "'reed or spitz nevus'",
    ):  # fmt: skip
        assert part in asked


def test_a_german_export_in_windows_1252(tmp_path, draft, load):
    found = draft(*made_up.clinic(tmp_path / "klinik"))
    assert guessed(found) == {
        "file": "Bilddatei", "image_id": "Bilddatei", "patient_id": "Patienten-Nr", "age": "Alter",
        "lesion_id": "Läsion", "sex": "Geschlecht", "localization": "Lokalisation",
    }  # fmt: skip
    parameters = load(found)
    source = parameters.ingest.sources["clinic"]
    assert source.encoding == "cp1252"
    assert source.lesions_within_patient
    assert {*parameters.ingest.unknown} > {"k. a.", "unknown"}
    records, unlisted = read(parameters)
    assert unlisted == []
    assert set(records["localization"].str.lower()) == {"rücken", "gesäß", "fuß"}
    assert set(records["age"].dropna()) == {34, 71}
    assert records["label"].value_counts().to_dict() == {
        "nv": 50, "mel": 24, "bcc": 30, "scc": 20, "bkl": 18, "vasc": 13, "unklar": 2, "Ekzem": 3,
    }  # fmt: skip
    assert records.groupby("lesion_id")["patient_id"].nunique().max() == 1


def test_a_label_in_many_columns(tmp_path, draft, load):
    codes = ("MEL", "NV", "SCC")
    rows = [
        {"image": f"ISIC_{n}", **{code: f"{float(n % 3 == i)}" for i, code in enumerate(codes)}}
        for n in range(60)
    ]
    images = made_up.write_images(tmp_path / "i", [f"{row['image']}.jpg" for row in rows])
    found = draft(made_up.write_table(tmp_path / "t.csv", rows), images)
    assert found.facts.label.columns == list(codes)
    records, _ = read(load(found))
    assert records["label"].value_counts().to_dict() == {"mel": 20, "nv": 20, "scc": 20}


HOSTILE = {
    "${oc.env:HOME}": 12, "yes": 11, "1": 10, "2024-01-02": 9, "a: {b}\n# c": 8, "\x1b[31mred": 8,
    "=HYPERLINK(1)": 8, "!!python/object:os.system x": 7, "'\"\\": 7, "${x": 6, "no": 6, "- a": 6,
}  # fmt: skip


def test_hostile_words_and_names_are_read_as_they_are(tmp_path, draft, load):
    names = {"file": "${a}: {file}", "label": "diagnosis\n!x", "patient_id": "patient #"}
    labels = made_up.spread(HOSTILE)
    rows = [
        dict(zip(names.values(), (f"${{i}} {n}'.jpg", label, f"{n}${{p}}"), strict=True))
        for n, label in enumerate(labels)
    ]
    images = made_up.write_images(tmp_path / "${x}: #", [row[names["file"]] for row in rows])
    table = made_up.write_table(tmp_path / "!t {a}.csv", rows)
    found = draft(table, images, label=names["label"])
    parameters = load(found)
    assert parameters.ingest.sources["clinic"].columns == {"image_id": names["file"], **names}
    assert parameters.ingest.sources["clinic"].images == "${x}: #"
    scheme = parameters.labels.schemes["clinic"]
    words = [word for own in scheme.values() for word in own]
    assert sorted(words) == sorted(word for word in HOSTILE if word != "${x")
    assert found.classes.unknown == {"${x": 6}
    assert parameters.class_names["yes"] == "yes"
    assert parameters.class_names["a_b_c"] == "a: {b} # c"
    pictures = [f for f in render_files(found).values() if not f.isprintable()]
    assert all(c.isprintable() or c == "\n" for text in pictures for c in text)


def test_a_set_that_is_too_small_asks_and_lowers_nothing(tmp_path, draft, load, base):
    rows = [{"file": f"{n}.jpg", "dx": ("mel", "nv", "nv", "bcc")[n % 4]} for n in range(20)]
    images = made_up.write_images(tmp_path / "i", [row["file"] for row in rows])
    found = draft(made_up.write_table(tmp_path / "t.csv", rows), images)
    asked = "\n".join(questions(found))
    assert "20 images have a class, and validate stops below 50" in asked
    assert asked.count("validate stops below 6 groups") == 2
    assert load(found).validate_ == base.validate_


def test_what_the_user_says_of_columns_counts(tmp_path, draft, load):
    rows = [
        {"a": f"{n}.jpg", "b": f"x{n}", "dx": "mn"[n % 2], "diagnosis": "xy"[n % 2], "c": n // 2}
        for n in range(40)
    ]
    images = made_up.write_images(tmp_path / "i", [row["a"] for row in rows])
    table = made_up.write_table(tmp_path / "t.csv", rows)
    chosen = {"label": "dx", "lesion_id": "c", "image_id": "b"}
    found = draft(table, images, **chosen)
    assert found.facts.label.columns == ["dx"]
    columns = load(found).ingest.sources["clinic"].columns
    assert columns == {"file": "a", **chosen}
    with pytest.raises(SourceError, match=r"no column 'z' for age .*its columns: 'a', 'b', 'dx'"):
        draft(table, images, age="z")


def test_rows_that_name_an_image_again_are_a_question(tmp_path, draft):
    names = [f"{n}.jpg" for n in range(60)]
    rows = [{"file": name, "dx": "mel" if n % 2 else "nv"} for n, name in enumerate(names)]
    images = made_up.write_images(tmp_path / "i", names)
    found = draft(made_up.write_table(tmp_path / "t.csv", [*rows, rows[3]]), images)
    assert any("'3.jpg' name several rows" in text for text in questions(found))


@pytest.mark.parametrize("missing", ["table", "images"])
def test_what_is_not_there_is_named(tmp_path, draft, missing):
    table, images = made_up.clinic(tmp_path / "klinik")
    table, images = (
        (tmp_path / "t.csv", images) if missing == "table" else (table, tmp_path / "nowhere")
    )
    with pytest.raises(SourceError, match=f"there is no .*see --{missing}"):
        draft(table, images)


def test_a_folder_of_other_images_is_told_by_examples(tmp_path, draft):
    table, _ = made_up.clinic(tmp_path / "klinik")
    images = made_up.write_images(tmp_path / "other", [f"scan{n}.png" for n in range(9)])
    with pytest.raises(SourceError, match=r"'Bilddatei' \('IMG_0000'.*'scan0.png'.*right folder"):
        draft(table, images)


def test_parquet_is_a_table_too(tmp_path, draft, load):
    table, images = made_up.pad_ufes(tmp_path / "pad")
    frame = pd.read_csv(table)
    frame.to_parquet(tmp_path / "t.parquet")
    records, _ = read(load(draft(tmp_path / "t.parquet", images)))
    assert records["file"].str.startswith("imgs_part_").all()
    assert set(records["dx_type"]) == {"histo", "clinical"}
