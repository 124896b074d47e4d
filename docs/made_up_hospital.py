"""Draws the made-up hospital of bring_your_own_data.md: ``python docs/made_up_hospital.py FOLDER``.

A table in a hospital's own words beside shapes that stand for lesions: nothing here is skin or a
patient. Every draw is the same, since the page shows what comes of it.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

COLUMNS = (
    "Bild-Nr", "Datei", "Diagnose", "Läsion", "Patient", "Alter", "Geschlecht", "Lokalisation",
    "Sicherung",
)  # fmt: skip

# Label -> images, shape, colour.
LABELS = {
    "Nävuszellnävus": (60, "ellipse", "#6b3f2a"),
    "Melanom (invasiv)": (34, "rectangle", "#3a241c"),
    "Basaliom": (30, "ellipse", "#c98a80"),
    "Plattenepithel-Ca.": (28, "rectangle", "#b0756a"),
}

SIZE = (96, 72)  # width, height in pixels


def draw_hospital(folder: Path) -> None:
    """Write ``export.csv`` and ``fotos/`` below ``folder``, faults included."""
    rng = random.Random(5)
    (folder / "fotos" / "2024").mkdir(parents=True)
    rows: list[dict[str, str]] = []
    patients = 0
    for label, (images, shape, colour) in LABELS.items():
        while images > 0:
            patients += 1
            shots = min(images, rng.choice((1, 1, 2, 3)))  # of the patient's one lesion
            images -= shots
            patient = {
                "Diagnose": label,
                "Läsion": f"L{patients:03}",
                "Patient": f"P{patients:03}",
                "Alter": str(rng.randint(19, 90)),
                "Geschlecht": rng.choice("mw"),
                "Lokalisation": rng.choice(("Rücken", "Bein", "Kopf")),
                "Sicherung": rng.choice(("Histologie", "Verlauf")),
            }
            for _ in range(shots):
                number = f"D{len(rows) + 1:04}"
                file = f"2024/{number}.jpg"
                draw_lesion(rng, shape, colour).save(folder / "fotos" / file, quality=90)
                rows.append({"Bild-Nr": number, "Datei": file, **patient})
    plant_faults(folder, rows)
    lines = [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)]
    text = "".join(";".join(line) + "\n" for line in lines)
    (folder / "export.csv").write_text(text, encoding="utf-8")


def draw_lesion(rng: random.Random, shape: str, colour: str) -> Image.Image:
    """A shape on a noisy ground, RGB."""
    ground = tuple(value + rng.randint(-8, 8) for value in (225, 190, 170))
    picture = Image.new("RGB", SIZE, ground)
    pen = ImageDraw.Draw(picture)
    left, top = rng.randint(18, 34), rng.randint(12, 24)
    right, bottom = left + rng.randint(24, 40), top + rng.randint(18, 30)
    draw_shape = pen.ellipse if shape == "ellipse" else pen.rectangle
    draw_shape((left, top, right, bottom), fill=colour)
    for _ in range(120):
        grey = rng.randint(60, 240)
        pen.point((rng.randrange(SIZE[0]), rng.randrange(SIZE[1])), fill=(grey, grey, grey))
    return picture


def plant_faults(folder: Path, rows: list[dict[str, str]]) -> None:
    """What real tables hold: see the quarantine on the page."""
    rows[3]["Diagnose"] = "unklar"
    rows[8]["Alter"] = "999"
    rows[12]["Alter"] = "k. A."
    rows[16]["Geschlecht"] = ""
    (folder / "fotos" / rows[20]["Datei"]).unlink()
    (folder / "fotos" / rows[70]["Datei"]).write_bytes(b"no image")
    rows.append(rows[40].copy())
    Image.new("RGB", SIZE, "#aa7755").save(folder / "fotos" / "2024" / "Farbkarte.jpg")


if __name__ == "__main__":
    draw_hospital(Path(sys.argv[1]))
