"""How many hostile inputs there are."""

from hostile import archives, decisions, images, masks, rows, tables

HOSTILE = {
    "images": images.CASES,
    "rows": rows.CASES,
    "files": rows.FILE_CASES,
    "files that no row lists": list(rows.STRAYS),
    "masks": [*masks.CASES, *masks.PLANTED],
    "tables": tables.REFUSED,
    "decisions": decisions.CASES,
    "members of zips": archives.MEMBERS,
    "zips": archives.ARCHIVES,
}


def test_at_least_150_hostile_inputs_are_tried():
    assert sum(map(len, HOSTILE.values())) >= 150


def test_no_two_of_a_group_have_the_same_name():
    for group, cases in HOSTILE.items():
        names = [getattr(case, "id", case) for case in cases]
        assert len(names) == len(set(names)), group
