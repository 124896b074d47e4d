"""Which words of the label stand where in the drafted scheme."""

from data.drafting.made_up_tables import spread, write_images, write_table
from dermaflow.data.drafting.label_file import render_labels


def render(draft, tmp_path, counts):
    rows = [{"file": f"{n}.jpg", "dx": word} for n, word in enumerate(spread(counts))]
    images = write_images(tmp_path / "i", [row["file"] for row in rows])
    return render_labels(draft(write_table(tmp_path / "t.csv", rows), images))


def test_each_class_is_counted_and_small_ones_wait_as_comments(tmp_path, draft):
    text = render(draft, tmp_path, {"Nevus": 30, "mel": 20, "Ekzem": 9, "df": 3, "n.a.": 2})
    lines = [line.strip() for line in text.splitlines()]
    assert lines[lines.index("nv: [Nevus]") - 1] == "# Melanocytic naevus: 30 images in 30 groups"
    assert lines[lines.index("ekzem: [Ekzem]") - 1] == "# 'Ekzem': 9 images in 9 groups"
    assert "# df: [df]" in lines
    assert any(line.startswith("# QUESTION: 3 images in 3 groups are too few") for line in lines)
    assert "# 'n.a.' (2 images) says nothing, and is quarantined" in lines


def test_many_images_without_a_class_are_a_question(tmp_path, draft):
    text = render(draft, tmp_path, {"nv": 30, "mel": 20, "unklar": 40})
    assert "QUESTION: 40 images have no class, so that validate may stop" in text
    (tmp_path / "t.csv").unlink()
    assert "validate may stop" not in render(draft, tmp_path, {"nv": 30, "mel": 20, "unklar": 2})
