"""The files of a drafted environment beside its source and labels."""

import yaml

from data.drafting import made_up_tables as made_up
from dermaflow.data.drafting.conf_files import render_files


def drafted(draft, tmp_path, words, count=40):
    return render_files(draft_of(draft, tmp_path, words, count))


def draft_of(draft, tmp_path, words, count=40):
    rows = [{"file": f"{n}.jpg", "dx": words[n % len(words)]} for n in range(count)]
    images = made_up.write_images(tmp_path / "i", [row["file"] for row in rows], (600, 450))
    return draft(made_up.write_table(tmp_path / "t.csv", rows), images, "my-clinic")


def test_each_environment_has_a_root_a_size_and_a_model_of_its_own(tmp_path, draft):
    files = drafted(draft, tmp_path, ["mel", "nv", "nv", "nv"])
    values = {name: yaml.safe_load(text) for name, text in files.items()}
    assert values["globals.yml"] == {"data": "data/my-clinic"}
    assert values["parameters.yml"] == {"image": {"height": 120, "width": 160}}
    assert values["parameters_register.yml"]["register"]["name"] == "dermaflow-my-clinic"
    # 10 and 30 images, of which 65 % are trained on.
    assert values["parameters_augment.yml"] == {"augment": {"target_count": 11}}
    assert "parameters_promote.yml" not in values


def test_the_recipe_that_was_chosen_on_real_images_is_copied_if_it_is_there(
    tmp_path, draft, project_path
):
    assert "parameters_train.yml" not in drafted(draft, tmp_path, ["mel", "nv"])
    recipe = project_path / "conf/ham10000/parameters_train.yml"
    (tmp_path / "conf/ham10000").mkdir(parents=True)
    (tmp_path / "conf/ham10000/parameters_train.yml").write_bytes(recipe.read_bytes())
    copied = drafted(draft, tmp_path, ["mel", "nv"])["parameters_train.yml"]
    assert yaml.safe_load(copied) == yaml.safe_load(recipe.read_text())


def test_classes_of_ones_own_are_called_by_their_word(tmp_path, draft):
    files = drafted(draft, tmp_path, ["nv", "Psoriasis vulgaris", "\x1b[31m" + "x" * 60])
    assert yaml.safe_load(files["parameters.yml"])["class_names"] == {
        "psoriasis_vulgaris": "Psoriasis vulgaris",
        "class_31m" + "x" * 23: "\\x1b[31m" + "x" * 31 + "…",
    }


def test_without_melanoma_no_figure_of_it_is_asked_for(tmp_path, draft, load):
    promote = load(draft_of(draft, tmp_path, ["bcc", "nv"])).promote
    asked = [gate.metric for gate in promote.gates.values() if gate]
    assert asked == ["test/balanced_accuracy", "test/macro_auc"]
    for margins in (promote.against.holder, promote.against.first_champion):
        assert {metric for metric, margin in margins.items() if margin} == {"macro_auc"}
    assert promote.against.reported == ["balanced_accuracy"]
