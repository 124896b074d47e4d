"""Real runs: what runs again after a change, under ``kedro run`` and under ``kedro repro``.

Which change touches which stage first is tested in ``tests/versioning``; here, what follows.
"""

import re

import pytest
import yaml

from dermaflow.schema import STAGES

CHAIN_DRAWINGS = {f"{s}_drawing" for s in ("validate", "augment", "train", "evaluate", "explain")}
AFTER_TRAINING = {"evaluate", "evaluate_drawing", "explain", "explain_drawing", "register"}
# Of an operating point no map depends, so that the pictures of explain may be what they are.
DECIDED = {"evaluate", "evaluate_drawing", "explain", "register"}


def of_run(project, *arguments):
    """Stages that ``kedro run`` runs."""
    output = project.run("kedro", "run", "--env", "smoke", *arguments).stdout
    said = re.findall(r"INFO    (\w+): (.*)", output)
    return {stage for stage, why in said if "changed (" in why or why == "no outputs yet"}


def of_repro(project, *arguments):
    """Stages that ``kedro repro`` runs."""
    output = project.run("kedro", "repro", "--env", "smoke", *arguments).stdout
    return set(re.findall(r"Running stage '(?:.*:)?(\w+)'", output))


def change_colour(project, number):
    rewrite(project, "reporting/style.py", r'ACCENT = "#\w+"', f'ACCENT = "#00{number}2b2"')


def change_comment_and_floor(project, number):
    conf = project.folder / "conf/base"
    recipe, promote = conf / "parameters_train.yml", conf / "parameters_promote.yml"
    recipe.write_text(f"# a comment, {number}\n{recipe.read_text()}")
    values = yaml.safe_load(promote.read_text())
    values["promote"]["gates"]["macro_auc"]["bound"] = 0.01 * number
    promote.write_text(yaml.safe_dump(values))


def change_metric(project, number):
    rewrite(project, "ml/evaluation/metrics.py", r"\Z", f"\n# changed, {number}\n")


def change_loss(project, number):
    plain = r"label_smoothing=smoothing\).*"
    rewrite(project, "ml/training/losses.py", plain, f"label_smoothing=smoothing) * 1.{number}")


def change_operating_point(project, number):
    file = project.folder / "conf/base/parameters_evaluate.yml"
    values = yaml.safe_load(file.read_text())
    values["evaluate"]["operating_points"]["mel_recall_90"]["recall"] = 0.6 + 0.01 * number
    file.write_text(yaml.safe_dump(values))


def rewrite(project, path, pattern, new):
    file = project.folder / "src/dermaflow" / path
    text, count = re.subn(pattern, new, file.read_text(), count=1)
    assert count == 1, path
    file.write_text(text)


@pytest.mark.slow
def test_in_the_chain(make_project):
    project = make_project()
    assert of_run(project) == {*STAGES, *CHAIN_DRAWINGS}
    changes = {
        change_colour: (CHAIN_DRAWINGS, CHAIN_DRAWINGS),
        change_comment_and_floor: (set(), set()),
        change_metric: ({"evaluate"}, {"evaluate"}),  # its outputs are what they were
        change_loss: ({"train", "train_drawing", *AFTER_TRAINING},) * 2,
        change_operating_point: (DECIDED, {*DECIDED, "explain_drawing"}),
    }
    for number, (change, (least, most)) in enumerate(changes.items(), 1):
        for ran in (of_run, of_repro):
            change(project, number if ran is of_run else number + 5)
            again = ran(project)
            assert least <= again <= most, (change.__name__, ran.__name__, again)
            assert of_run(project) == of_repro(project) == set()


@pytest.mark.slow
def test_in_a_cross_validation_and_in_a_search(make_project):
    project = make_project()
    project.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate")
    asked = ("--pipelines", "crossval,search")
    files = [f"conf/smoke/{name}/dvc.yaml" for name in ("crossval", "search")]
    folds, trials = {"crossval_train", "crossval_evaluate"}, {"search"}
    drawings = {"crossval_evaluate_drawing", "search_drawing"}
    assert of_run(project, *asked) == folds | trials | drawings
    changes = {
        change_colour: drawings,
        change_comment_and_floor: set(),
        change_metric: {"crossval_evaluate"},
        change_loss: folds | trials | drawings,
        change_operating_point: {"crossval_evaluate", "crossval_evaluate_drawing"},
    }
    for number, (change, expected) in enumerate(changes.items(), 1):
        change(project, number)
        assert of_run(project, *asked) == expected, change.__name__
        change(project, number + 5)
        again = set.union(*(of_repro(project, file) for file in files))
        assert again == expected, change.__name__
