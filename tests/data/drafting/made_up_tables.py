"""Tables and folders of the shapes that people have, without a pixel in most of the files."""

import csv
import itertools
import random

from PIL import Image

SHOTS = ("back", "arm", "face", "chest")


def write_table(path, rows, separator=",", encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_images(folder, names, size=(64, 48)):
    """Files of those names: the first five are images, the others are empty."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if number < 5:
            Image.new("RGB", size).save(path)
    return folder


def spread(counts):
    """Each word as many times as is said, in a random order that is always the same."""
    words = [word for word, count in counts.items() for _ in range(count)]
    random.Random(1).shuffle(words)
    return words


def pad_ufes(top):
    """As PAD-UFES-20: 26 columns, and images in three folders that no row tells."""
    labels = spread({"ACK": 44, "BCC": 50, "MEL": 8, "NEV": 26, "SCC": 18, "SEK": 24})
    unused = ("smoke", "drink", "background_father", "pesticide", "skin_cancer_history", "itch")
    rows = [
        {
            "patient_id": f"PAT_{number // 2}",
            "lesion_id": number,
            **dict.fromkeys(unused, "UNK"),
            "age": 20 + number % 60,
            "gender": ("MALE", "FEMALE", "")[number % 3],
            "fitspatrick": ("1.0", "2.0", "")[number % 3],
            "region": SHOTS[number % 4].upper(),
            "diameter_1": "6.0",
            "diagnostic": label,
            "img_id": f"PAT_{number // 2}_{number}_{number * 7}.png",
            "biopsed": str(label in ("BCC", "MEL", "SCC")),
        }
        for number, label in enumerate(labels)
    ]
    names = [f"imgs_part_{n % 3 + 1}/{row['img_id']}" for n, row in enumerate(rows)]
    return write_table(top / "metadata.csv", rows), write_images(top / "imgs", names)


DERM7PT = {
    "basal cell carcinoma": 21, "blue nevus": 14, "clark nevus": 60, "combined nevus": 7,
    "congenital nevus": 9, "dermal nevus": 16, "dermatofibroma": 12, "lentigo": 9,
    "melanoma": 1, "melanoma (0.76 to 1.5 mm)": 26, "melanoma (in situ)": 32,
    "melanoma (less than 0.76 mm)": 40, "melanoma (more than 1.5 mm)": 14,
    "melanoma metastasis": 3, "melanosis": 8, "miscellaneous": 5, "recurrent nevus": 4,
    "reed or spitz nevus": 39, "seborrheic keratosis": 22, "vascular lesion": 14,
}  # fmt: skip


def derm7pt(top):
    """As derm7pt: twenty diagnoses, and a clinical and a dermoscopic image in each row."""
    rows = [
        {
            "case_num": number,
            "diagnosis": label,
            "pigment_network": "absent",
            "level_of_diagnostic_difficulty": ("low", "medium", "high")[number % 3],
            "clinic": f"NEL/Nel{number:03}.jpg",
            "derm": f"NEL/NEL{number:03}d.jpg",
            "sex": ("male", "female")[number % 2],
            "location": ("back", "lower limbs", "abdomen")[number % 3],
        }
        for number, label in enumerate(spread(DERM7PT), 1)
    ]
    names = [row[column] for row in rows for column in ("derm", "clinic")]
    return write_table(top / "meta.csv", rows), write_images(top / "images", names, (96, 64))


CLINIC = {
    "Nävuszellnävus": 50, "Melanom": 24, "Basaliom": 30, "Spinaliom": 20,
    "Seborrhoische Keratose": 18, "Hämangiom": 13, "unklar": 2, "Ekzem": 3,
}  # fmt: skip


def clinic(top):
    """A German export in Windows-1252, lesions numbered anew for each patient."""
    lesions = ((patient, 1 + n) for patient in itertools.count(1) for n in range(1 + patient % 2))
    rows = []
    for number, label in enumerate(spread(CLINIC)):
        patient, lesion = next(lesions)
        rows.append(
            {
                "Patienten-Nr": f"{patient:05}",
                "Läsion": lesion,
                "Diagnose": label,
                "Bilddatei": f"IMG_{number:04}",
                "Alter": ("34", "71", "k. A.")[number % 3],
                "Geschlecht": ("männlich", "weiblich")[number % 2],
                "Lokalisation": ("Rücken", "Gesäß", "Fuß")[number % 3],
            }
        )
    names = [f"{2023 + n % 2}/{row['Bilddatei']}.JPG" for n, row in enumerate(rows)]
    table = write_table(top / "export.csv", rows, ";", "cp1252")
    return table, write_images(top / "fotos", names)
