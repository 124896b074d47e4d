"""Aliases of a model in a real registry, and the lock under which they move."""

import multiprocessing
import stat
import threading

import pytest

from dermaflow.errors import BusyError
from dermaflow.io.file_lock import LockHeldError, locked
from dermaflow.registry.aliases import (
    alias_holder,
    alias_holders,
    holding_aliases,
    move_alias,
)


def test_an_alias_is_held_by_the_version_that_got_it_last(client, model, register):
    for _ in range(3):
        register()
    assert alias_holders(client, model) == {}
    for to, before in (("3", None), ("2", "3")):
        move_alias(client, model, "staging", to, before)
    move_alias(client, model, "champion", "1", None)
    assert alias_holders(client, model) == {"staging": "2", "champion": "1"}
    move_alias(client, model, "staging", None, "2")
    assert alias_holder(client, model, "staging") is None


def test_an_alias_that_was_moved_meanwhile_stays_where_it_is(client, model, register):
    for _ in range(2):
        register()
    client.set_registered_model_alias(model, "staging", "2")
    for to, expected in (("1", None), (None, "1"), ("1", "1")):
        with pytest.raises(BusyError, match=r"to version 2 while this was decided; it was left"):
            move_alias(client, model, "staging", to, expected)
    assert alias_holder(client, model, "staging") == "2"


def test_two_moves_at_the_same_moment_are_seen_after_the_second(
    client, model, register, monkeypatch
):
    for _ in range(2):
        register()
    move = client.set_registered_model_alias

    def move_and_move_again(name, alias, version):
        move(name, alias, version)
        move(name, alias, "2")

    monkeypatch.setattr(client, "set_registered_model_alias", move_and_move_again)
    with pytest.raises(BusyError, match=r"from two hosts: version 2 has it, not version 1"):
        move_alias(client, model, "staging", "1", None)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """The host's temporary folder."""
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_database_has_its_lock_beside_it_whatever_the_way_there(registry, tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "db")
    direct, linked = (
        registry.tracking.model_copy(update={"tracking_uri": f"sqlite:///{tmp_path}/{name}"})
        for name in ("db/mlflow.db", "way/../way/mlflow.db")
    )
    with holding_aliases(direct, "m"):
        (file,) = (tmp_path / "db").iterdir()
        with pytest.raises(LockHeldError), locked(file, wait=False):
            pass
        entered = threading.Event()

        def wait():
            with holding_aliases(linked, "m"):
                entered.set()

        other = multiprocessing.get_context("fork").Process(target=wait)
        other.start()
        with holding_aliases(linked, "another"):  # models do not wait for each other
            assert other.is_alive()
    other.join()
    assert other.exitcode == 0


def test_who_asks_a_server_makes_no_difference_and_every_user_may_lock(registry, host):
    for address in ("http://ada:secret@server:5000", "http://bob@server:5000/"):
        tracking = registry.tracking.model_copy(update={"tracking_uri": address})
        with holding_aliases(tracking, "m"):
            pass
    (file,) = host.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o666
    assert "secret" not in file.name


def test_the_registry_counts_where_it_is_another_store(registry, host, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://registry:5000")
    with holding_aliases(registry.tracking, "m"):
        assert len(list(host.iterdir())) == 1
