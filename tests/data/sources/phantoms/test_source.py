import io

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dermaflow.data.images.pixel_modes import ImageError
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.phantoms.camera import SIDE
from dermaflow.data.sources.phantoms.source import Phantoms
from dermaflow.errors import ParameterError
from dermaflow.params.sources import PhantomSource
from dermaflow.schema import SOURCE_COLUMNS

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]


def phantoms(per_class=4, *, per_lesion=1.0, faults=False, seed=17, classes=CLASSES):
    images = dict.fromkeys(classes, per_class)
    params = PhantomSource(
        kind="phantoms", images=images, images_per_lesion=per_lesion, planted_faults=faults
    )
    return Phantoms(params, seed)


def pixels(encoded):
    return np.asarray(Image.open(io.BytesIO(encoded)))


def test_equal_seeds_give_equal_bytes_in_any_order():
    one, other = phantoms(), phantoms()
    files = one.records()["file"].tolist()
    assert one.records().equals(other.records())
    backwards = {file: other.read(file) for file in reversed(files)}
    assert {file: one.read(file) for file in files} == backwards
    assert one.read_mask("PH_0000003") == other.read_mask("PH_0000003")


def test_another_seed_gives_other_pictures_and_rows():
    one, other = phantoms(seed=1), phantoms(seed=2)
    assert one.read("PH_0000000.jpg") != other.read("PH_0000000.jpg")
    assert one.records()["label"].tolist() != other.records()["label"].tolist()


def test_pictures_do_not_depend_on_planted_faults():
    plain, faulty = phantoms(), phantoms(faults=True)
    assert plain.read("PH_0000005.jpg") == faulty.read("PH_0000005.jpg")


def test_counts_are_those_asked_for():
    counts = {"mel": 7, "nv": 11, "df": 0, "vasc": 1}
    params = PhantomSource(
        kind="phantoms", images=counts, images_per_lesion=2.5, planted_faults=False
    )
    found = Phantoms(params, 3).records()["label"].value_counts().to_dict()
    assert found == {"mel": 7, "nv": 11, "vasc": 1}


def test_no_images_asked_for_gives_an_empty_table():
    assert list(phantoms(0).records().columns) == list(SOURCE_COLUMNS)
    assert len(phantoms(0).records()) == 0


def test_unknown_class_is_refused_by_key():
    with pytest.raises(ParameterError, match=r"sources\.phantoms\.images.*'scc'.*vasc"):
        phantoms(classes=["scc"])


def test_rows_follow_the_schema():
    records = phantoms(60, per_lesion=1.5).records()
    assert list(records.columns) == list(SOURCE_COLUMNS)
    assert records["image_id"].is_unique
    assert records["file"].is_unique
    assert records["patient_id"].isna().all()
    assert records["age"].dropna().between(0, 90).all()
    assert 0 < records["age"].isna().mean() < 0.1
    assert set(records["sex"].dropna()) == {"male", "female"}
    assert set(records["dx_type"]) == {"histology", "follow_up", "consensus", "confocal"}
    assert (records.loc[records["label"] == "mel", "dx_type"] == "histology").all()
    # Neither number nor order gives the class away.
    positions = records.groupby("label").apply(lambda rows: rows.index.to_numpy().mean())
    assert positions.between(0.3 * len(records), 0.7 * len(records)).all()


def test_shots_of_a_lesion_share_its_columns_but_not_its_pixels():
    source = phantoms(30, per_lesion=2.0)
    records = source.records()
    lesions = records.groupby("lesion_id")
    shared = ["label", "age", "sex", "localization", "dx_type"]
    assert (lesions[shared].nunique(dropna=False) == 1).all().all()
    assert 1.5 < len(records) / len(lesions) < 2.5
    shots = next(rows["file"].tolist() for _, rows in lesions if len(rows) > 1)
    assert source.read(shots[0]) != source.read(shots[1])


def test_shots_of_a_lesion_share_its_geometry():
    """Elongation, the ratio of the mask's principal axes, ignores pose: it is the lesion's."""
    source = phantoms(40, per_lesion=3.0, classes=["mel", "bkl"])
    records = source.records()

    def elongation(image_id):
        y, x = np.nonzero(pixels(source.read_mask(image_id)))
        small, large = np.linalg.eigvalsh(np.cov(x, y))
        return np.sqrt(large / small)

    table = records.assign(value=[elongation(name) for name in records["image_id"]])
    table = table[table.groupby("lesion_id")["value"].transform("size") > 1]
    within = table.groupby("lesion_id")["value"].agg(np.ptp).mean()
    across = np.ptp(table["value"])
    assert within < 0.15 * across


def test_masks_are_where_the_lesion_is():
    source = phantoms(6)
    for row in source.records().itertuples():
        mask = pixels(source.read_mask(row.image_id))
        image = pixels(source.read(row.file)).astype(float)
        assert mask.shape == image.shape[:2] == (SIDE, SIDE)
        assert set(np.unique(mask)) == {0, 255}
        assert 0.15 < (mask > 0).mean() < 0.65
        # Structures, or another colour than that of the skin around.
        inside, outside = image[mask > 0], image[mask == 0]
        shift = np.abs(inside.mean(0) - outside.mean(0)).max()
        assert max(shift, inside.std(0).max() - outside.std(0).max()) > 6, row.label


def test_mean_colour_tells_the_classes_apart_no_better_than_chance():
    source = phantoms(24)
    records = source.records()
    means = np.stack([pixels(source.read(file)).mean((0, 1)) for file in records["file"]])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    predicted = cross_val_predict(
        model, means, records["label"], groups=records["lesion_id"], cv=GroupKFold(4)
    )
    assert f1_score(records["label"], predicted, average="macro") < 0.35


def test_planted_faults_come_on_top():
    plain, faulty = phantoms(), phantoms(faults=True)
    sound, every = plain.records(), faulty.records()
    assert every.head(len(sound)).equals(sound)
    planted = every.iloc[len(sound) :]
    assert planted["file"].nunique() == 8
    assert not set(planted["lesion_id"]) & set(sound["lesion_id"])
    assert planted["label"].isin(CLASSES).sum() == len(planted) - 1
    assert (planted["age"] > 120).sum() == 1
    twice = planted[planted["image_id"].duplicated(keep=False)]
    assert len(twice) == 2
    assert twice["label"].nunique() == 2
    assert plain.unlisted() == []
    assert faulty.unlisted() == ["PH_unlisted.jpg"]
    assert faulty.unlisted()[0] not in set(every["file"])
    assert pixels(faulty.read("PH_unlisted.jpg")).shape == (SIDE, SIDE, 3)
    assert all(faulty.read_mask(name) is None for name in planted["image_id"])


def test_planted_files_are_broken_as_documented():
    source = phantoms(1, faults=True)
    preprocess = Preprocess(64, 64)
    reasons = []
    for file in source.records()["file"].drop_duplicates().iloc[len(CLASSES) :]:
        try:
            stored = preprocess.decode(source.read(file))
            reasons.append("uniform" if stored.std() < 2 else "sound")
        except (ImageError, FileNotFoundError) as error:
            reasons.append(type(error).__name__ if isinstance(error, OSError) else str(error))
    assert reasons == [
        "damaged or truncated image",
        "empty file",
        "not a JPEG, PNG, BMP, TIFF or WebP image",
        "FileNotFoundError",
        "sound",  # its label is unknown
        "sound",  # its age is impossible
        "uniform",
        "sound",  # it is listed twice
    ]


def test_a_file_that_is_not_drawn_is_not_found():
    source = phantoms(1)
    with pytest.raises(FileNotFoundError):
        source.read("PH_unlisted.jpg")
    assert source.read_mask("nothing") is None
