"""Which files of an entry show no patient."""

from dermaflow.tracking.pictures import charts_of, shows_pictures


def test_an_entry_shows_patients_only_if_it_says_so_and_is_logged():
    assert shows_pictures({"artifact": "a", "pictures": True})
    assert not shows_pictures({"artifact": "a"})
    assert not shows_pictures({"artifact": "a", "pictures": False})
    assert not shows_pictures({"version": True, "pictures": True})


def test_a_file_that_is_not_named_as_a_chart_shows_a_patient(tmp_path):
    for name in ("chart.png", "new.png", "also.png"):
        (tmp_path / name).touch()
    named = {"charts": ["chart.png", "also.png", "not_there.png"]}
    assert [file.name for file in charts_of(tmp_path, named)] == ["also.png", "chart.png"]
    assert charts_of(tmp_path, {}) == []
    assert charts_of(tmp_path / "chart.png", {"charts": ["chart.png"]}) == []
