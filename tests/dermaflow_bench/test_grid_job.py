"""A point of the grid is a real training of the asked-for size."""

import pytest

from dermaflow_bench.grid import write_noise
from dermaflow_bench.grid_job import GridJob, run_job


@pytest.fixture(scope="module")
def make_job(parameters, configure, tmp_path_factory):
    """Make a job on ten images."""
    folder = tmp_path_factory.mktemp("grid")
    write_noise(folder / "store", 32, 10)

    def make_job(images=10):
        return GridJob(
            parameters=parameters,
            config=configure({"grid.images": images}),
            store=str(folder / "store"),
            beside_bare=True,
            result=str(folder / "result.json"),
        )

    return make_job


@pytest.mark.parametrize(("images", "steps"), [(3, 1), (4, 1), (10, 2), (12, 3)])
def test_a_turn_is_of_whole_batches_and_of_one_at_least(make_job, images, steps):
    assert make_job(images).workload().config.train_steps == steps


def test_images_take_turns_with_their_classes(make_job, parameters):
    images = make_job().workload().images
    classes = parameters.labels.classes
    assert images["image_id"].tolist() == [str(number) for number in range(10)]
    assert images["label"].tolist() == (classes * 2)[:10]


def test_a_job_that_was_written_and_read_is_timed_beside_as_many_bare_updates(make_job):
    written = make_job(images=4).model_dump_json(by_alias=True)
    speed = run_job(GridJob.model_validate_json(written))
    assert len(speed.ratios) == 1
    assert speed.ratios[0] > 0
    assert speed.images_per_s > 0
