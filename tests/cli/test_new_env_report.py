"""What ``kedro new-env`` tells on the terminal."""

from data.drafting import made_up_tables as made_up
from data.drafting.drafts import make_draft
from dermaflow.cli.new_env_report import summarise
from dermaflow.data.drafting.conf_files import render_files


def report(found):
    return summarise(found, render_files(found))


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_columns_images_words_questions_and_the_next_command_are_told(tmp_path):
    table, images = made_up.clinic(tmp_path / "klinik")
    (images / "2024/IMG_0001.JPG").unlink()
    (images / "2023/stray.jpg").touch()
    told = lines(report(make_draft(tmp_path, table, images)))
    for line in (
        "Columns of klinik/export.csv",
        "patient_id Patienten-Nr 107 values, the most frequent in 2 rows",
        "159 rows with their image",
        "1 rows without an image 'IMG_0001'",
        "1 files in no row '2023/stray.jpg'",
        "Words of Diagnose",
        "Nävuszellnävus 50 nv Melanocytic naevus",
        "Ekzem 3 quarantined: no class",
        "unklar 2 quarantined: says that nothing is known",
        "Wrote 7 files to conf/clinic. Next:",
        "kedro run --env clinic --pipelines ingest,validate",
    ):
        assert line in told
    (asked,) = [line for line in told if line.endswith("each beside the line that it is about")]
    places = [line for line in told if line.startswith("conf/clinic/")]
    assert len(places) == int(asked.split()[0]) == 6


def test_nothing_in_a_table_reaches_the_terminal_as_a_command(tmp_path):
    rows = [
        {"file": f"\x1b]0;{n}.jpg", "diagnosis\x1b[2J": "\x1b[31mred\x9b" if n % 2 else "a\nb"}
        for n in range(40)
    ]
    images = made_up.write_images(tmp_path / "i", [row["file"] for row in rows])
    table = made_up.write_table(tmp_path / "t.csv", rows)
    text = report(make_draft(tmp_path, table, images, label="diagnosis\x1b[2J"))
    assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b[31mred" in text


def test_folders_of_classes_are_counted(tmp_path):
    names = [f"{code}/{n}.jpg" for code in ("mel", "nv") for n in range(9)]
    images = made_up.write_images(tmp_path / "i", [*names, "x.jpg"])
    told = lines(report(make_draft(tmp_path, None, images)))
    assert "18 images in folders of classes" in told
    assert "1 files in no folder of a class 'x.jpg'" in told
    assert "mel 9 mel Melanoma" in told
