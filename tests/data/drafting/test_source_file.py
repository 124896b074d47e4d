"""What the drafted source says beside its keys."""

from data.drafting import made_up_tables as made_up
from dermaflow.data.drafting.source_file import render_source


def lines(text):
    return [line.strip() for line in text.splitlines()]


def test_each_column_has_its_evidence_above_it_and_what_is_missing_is_named(tmp_path, draft):
    text = lines(render_source(draft(*made_up.derm7pt(tmp_path / "d"))))
    place = text.index("file: derm")
    assert text[place - 1] == "# 356 of 356 rows name a file of the folder"
    for name in ("patient_id", "lesion_id", "age", "skin_tone", "dx_type"):
        assert any(line.startswith(f"# {name}: not found") for line in text)
    whole = " ".join(text).replace(" # ", " ").replace("#  ", "")
    unread = "'case_num', 'pigment_network', 'level_of_diagnostic_difficulty'"
    assert f"Read by nothing: {unread}" in " ".join(whole.split())


def test_a_place_outside_the_project_is_told(tmp_path, draft):
    inside = render_source(draft(*made_up.clinic(tmp_path / "data/klinik")))
    assert "table: data/klinik/export.csv" in lines(inside)
    assert "Outside" not in inside
    outside = render_source(draft(*made_up.clinic(tmp_path.parent / f"{tmp_path.name}-klinik")))
    assert outside.count("Outside the project") == 2


def test_an_encoding_that_is_guessed_is_asked_about_with_words(tmp_path, draft):
    text = " ".join(render_source(draft(*made_up.clinic(tmp_path / "k"))).split())
    assert "QUESTION: the table is not UTF-8 but seems to be cp1252" in text
    assert "'Läsion'" in text


def test_folders_of_classes_are_asked_for_a_table(tmp_path, draft):
    names = [f"{code}/{n}.jpg" for code in ("mel", "nv") for n in range(9)]
    text = render_source(draft(None, made_up.write_images(tmp_path / "i", [*names, "x.jpg"])))
    assert "kind: folder" in text
    assert "# 1 file in none of them, to be quarantined: 'x.jpg'" in lines(text)
    assert "is there a table" in " ".join(text.split())
