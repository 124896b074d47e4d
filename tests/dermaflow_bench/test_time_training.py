"""What is timed is the stage's loop, beside updates of the same parts of the network."""

from tqdm import tqdm

from dermaflow.ml.runtime import detect_runtime
from dermaflow_bench.time_training import BareTraining, TrainingLoop, build_trainer

RUNTIME = detect_runtime("fp32")


def test_the_loop_goes_on_from_turn_to_turn_and_into_the_next_epoch(workload, monkeypatch):
    monkeypatch.setattr("dermaflow_bench.time_training.EPOCH", 3)
    trainer = build_trainer(workload, RUNTIME)
    ends = []
    with tqdm(disable=False) as progress:
        loop = TrainingLoop(trainer, progress, lambda metrics, step: ends.append(step))
        loop.run(2)
        assert (trainer.epoch, trainer.steps, progress.n) == (1, 2, 8)
        loop.run(2)
        assert (trainer.epoch, trainer.steps, progress.n) == (2, 4, 16)
    assert 3 in ends


def test_bare_training_updates_what_the_stage_updates(workload):
    bare = BareTraining(workload, RUNTIME)
    before = {k: v.clone() for k, v in bare.network.state_dict().items()}
    bare.run(2)
    after = bare.network.state_dict()
    changed = {name.split(".")[0] for name, value in after.items() if not value.equal(before[name])}
    assert changed == {"layer2", "layer3", "layer4", "fc"}
    assert after["layer4.0.bn1.num_batches_tracked"] == 2
