"""Wrong parameters are refused in one line that names the key and its file."""

import pytest
import yaml

from dermaflow.errors import ParameterError
from dermaflow.params.check import check_parameters


@pytest.fixture
def conf(project_path, tmp_path):
    """Parameters of the base environment and a copy of its folder to be spoilt."""
    folder = tmp_path / "conf" / "base"
    folder.mkdir(parents=True)
    values = {}
    for path in sorted((project_path / "conf" / "base").glob("parameters*.yml")):
        text = path.read_text().replace("${classes}", "[]")
        (folder / path.name).write_text(text)
        values |= yaml.safe_load(text)
    return values, folder


def test_the_shipped_parameters_are_valid(conf):
    values, folder = conf
    assert check_parameters(values, [folder]).seed == values["seed"]


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["train", "epoch"], 3, "train.epoch: unknown key; did you mean 'epochs'?"),
        (["train", "epochs"], 0, "train.epochs: Input should be greater than 0, not 0"),
        (["train", "ema_decay"], 1.5, "train.ema_decay: Input should be less than 1"),
        (["train", "backbone", "weights"], "imagenet", "train.backbone.weights: Input should be"),
        (["trian"], {}, "trian: unknown key; did you mean 'train'?"),
        (
            ["ingest", "sources", "clinic"],
            {
                "kind": "table",
                "table": "list.csv",
                "images": "images",
                "columns": {"image_id": "ID", "file": "F", "label": "L", "alter": "Alter"},
                "licence": "internal",
            },
            "ingest.sources.clinic.columns.alter: unknown key; it should be 'image_id', 'file'",
        ),
        (
            ["ingest", "sources", "ham10000", "limits"],
            70,
            "ingest.sources.ham10000.limits: unknown key; did you mean 'limit'?",
        ),
        (
            ["ingest", "sources", "clinic"],
            {"kind": "tabel"},
            "ingest.sources.clinic: Input tag 'tabel' found using 'kind' does not match",
        ),
        (
            ["ingest", "sources", "clinic"],
            {
                "kind": "table",
                "table": "list.csv",
                "images": "images",
                "columns": {"image_id": "ID", "file": "F", "label": "L", "dx_type": "By"},
                "values": {"dx_type": {True: "histo"}},
                "licence": "internal",
            },
            "ingest.sources.clinic.values.dx_type.True: YAML reads this word as True; put it in",
        ),
        (
            ["labels", "schemes", "ham10000", "df"],
            ["Dermatofibroma", False],
            "labels.schemes.ham10000.df.1: YAML reads this word as False; put it in quotes",
        ),
        (["labels", "scheme"], "isic", "labels: scheme: there is no 'isic' among the schemes"),
        (
            ["evaluate", "operating_points"],
            {"p_mel": {"class": "mel", "recall": 0.9}},
            "evaluate.operating_points.p_mel: unknown key; String should match pattern",
        ),
        (["evaluate", "views"], 3, "evaluate.views: Input should be 1, 2, 4 or 8, not 3"),
        (["crossval", "folds"], [1, 6], "crossval.folds: there is no fold 6, but 5"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(conf, keys, value, message):
    values, folder = conf
    stem = f"parameters_{keys[0]}.yml" if keys[0] in values else "parameters_extra.yml"
    path = folder / stem
    tree = yaml.safe_load(path.read_text()) if path.exists() else {}
    node = tree
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(ParameterError) as caught:
        check_parameters(values | tree, [folder])
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(f"(conf/base/{stem})")


def test_a_key_that_others_contradict_is_named_with_its_place_on_the_command_line(conf):
    values, folder = conf
    given = {"evaluate": values["evaluate"] | {"views": 8}}
    oblong = {"image": values["image"] | {"height": 48}}
    with pytest.raises(ParameterError) as caught:
        check_parameters(values | given | oblong, [folder], given)
    assert str(caught.value) == (
        "evaluate.views: 8 views are quarter turns, too, and need square images, but image is "
        "48 x 64 pixels; take 4 (--params)"
    )


def test_a_missing_key_names_the_file_of_its_group(conf):
    values, folder = conf
    train = {key: value for key, value in values["train"].items() if key != "epochs"}
    with pytest.raises(ParameterError) as caught:
        check_parameters(values | {"train": train}, [folder])
    assert str(caught.value) == "train.epochs: missing (conf/base/parameters_train.yml)"


def test_a_key_from_the_command_line_is_said_to_be(conf):
    values, folder = conf
    with pytest.raises(ParameterError, match=r"train.epochz: unknown key.*\(--params\)"):
        check_parameters(values | {"train": values["train"] | {"epochz": 1}}, [folder])
