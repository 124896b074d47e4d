"""The plan of a removal; ``tests/runs/test_prune.py`` carries one out."""

from dermaflow.tracking.prune_runs import Judged
from dermaflow.tracking.retention_plan import Plan
from dermaflow.versioning.dvc.prune_cache import UnusedObjects


def test_a_plan_names_each_run_and_sums_up(experiment, tmp_path):
    client = experiment.client
    goes = experiment.make_run("goes", artifacts={"folder/file": b"x" * 1500})
    stays = experiment.make_run("stays")
    folder, objects = tmp_path / "unfinished/train", [tmp_path / "one", tmp_path / "gone already"]
    folder.mkdir(parents=True)
    objects[0].write_bytes(b"y" * 10)
    plan = Plan(
        tmp_path,
        client,
        "smoke",
        [Judged(client.get_run(stays), "it is mine"), Judged(client.get_run(goes), "")],
        {goes: 1500},
        {folder.relative_to(tmp_path): 2_500_000},
        UnusedObjects(objects, 10, 3),
        "",
    )
    assert plan.removes
    assert list(plan.lines()) == [
        f"stays run {stays[:8]} 2023-11-14 FINISHED stays: it is mine",
        f"goes  run {goes[:8]} 2023-11-14 FINISHED goes: 1.5 kB",
        "goes  unfinished/train: 2.5 MB",
        "runs of smoke: 1 stay, 1 go (1.5 kB)",
        "DVC's cache: 3 objects stay, 2 go (10 bytes)",
    ]
    assert plan.carry_out() == 1500 + 2_500_000 + 10
    assert not folder.exists()
    assert not objects[0].exists()
    assert client.get_run(goes).info.lifecycle_stage == "deleted"
