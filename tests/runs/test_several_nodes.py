"""``kedro train-node`` on two hosts: the same weights as on one, whatever happens to a host."""

import hashlib
import time

import pytest

from runs import two_hosts
from waiting import wait_until

WEIGHTS = "data/smoke/06_models/classifier/model.safetensors"
CHECKPOINTS = "data/smoke/unfinished/training"
TIMEOUT = 90  # train.timeout_seconds
PARAMS = (
    "train.processes=2,train.learning_rate=0.002,train.checkpoint_seconds=0,"
    f"train.timeout_seconds={TIMEOUT}"
)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    if not two_hosts.can_be_had():
        pytest.skip("network namespaces want root and `ip`")
    hosts = two_hosts.TwoHosts(tmp_path_factory.mktemp("hosts"))
    yield hosts
    hosts.close()


@pytest.fixture(scope="module")
def expected(copy_finished):
    """Weights of two processes on one host, each with one thread."""
    project = copy_finished()
    project.environment = project.environment | {"OMP_NUM_THREADS": "1"}
    project.run("kedro", "run", "--env", "smoke", "--pipelines", "train", "--params", PARAMS)
    return digest(project)


@pytest.fixture
def project(copy_finished):
    return copy_finished()


def digest(project):
    return hashlib.sha256((project.folder / WEIGHTS).read_bytes()).hexdigest()


def start(project, hosts, number):
    """Start the one command on a host, as a ``TrainJob`` does."""
    of_the_job = {
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "cable",
        "PET_NNODES": "2",
        "PET_NPROC_PER_NODE": "1",
        "PET_NODE_RANK": str(number),
        "PET_MASTER_ADDR": two_hosts.ADDRESSES[0],
        "PET_MASTER_PORT": "29400",
    }
    words = ("kedro", "train-node", "--env", "smoke", "--params", PARAMS)
    project.environment = project.environment | of_the_job
    return project.start(*hosts.command(number, *words))


def steps(project):
    """Updates that the last checkpoint has seen."""
    found = (project.folder / CHECKPOINTS).glob("*_*.safetensors")
    return max((int(path.stem.split("_")[1]) for path in found), default=0)


def ends(*running):
    """Exit codes and outputs of the nodes, once both have ended."""
    said = [node.communicate(timeout=600)[0] for node in running]
    return [node.returncode for node in running], said


def train(project, hosts):
    """Both nodes to their end, which is a good one; returns what they said."""
    codes, said = ends(*(start(project, hosts, number) for number in (1, 0)))
    assert codes == [0, 0], "\n".join(text[-3000:] for text in said)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_host_ends_the_training_and_a_restart_goes_on(project, hosts, expected, lost):
    nodes = [start(project, hosts, number) for number in (0, 1)]
    wait_until(lambda: steps(project) >= 5, nodes[0])
    two_hosts.kill_host(nodes[lost])
    began = time.monotonic()
    (code,), (said,) = ends(nodes[1 - lost])
    assert time.monotonic() - began < TIMEOUT + 60
    assert code == 14, said[-3000:]
    error = said.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert f"node {lost} " in error
    assert "was lost" in error
    assert steps(project) >= 5

    member, leader = train(project, hosts)
    assert "Training goes on after step" in leader
    assert digest(project) == expected
    assert "MLflow run" not in member
    # Node 0's one or two; where it was killed, the run is the one that was interrupted.
    states = sorted(run.info.status for run in project.runs())
    assert states == (["FINISHED"] if lost == 0 else ["FAILED", "FINISHED"])

    # Where there is nothing to train, the other node ends well, too.
    assert "train: unchanged, skipped" in train(project, hosts)[1]


@pytest.mark.slow
def test_a_host_without_its_network_is_lost_in_time(project, hosts):
    nodes = [start(project, hosts, number) for number in (0, 1)]
    wait_until(lambda: steps(project) >= 5, nodes[0])
    hosts.unplug(1)
    began = time.monotonic()
    codes, said = ends(*nodes)
    assert codes == [14, 14], "\n".join(text[-3000:] for text in said)
    assert time.monotonic() - began < 2 * TIMEOUT + 60
    assert "node 1 of 2 was lost" in said[0].strip().splitlines()[-1]
    assert "node 0 " in said[1].strip().splitlines()[-1]
