"""Two hosts on this machine: network namespaces that a cable joins."""

import os
import shutil
import subprocess

import psutil

ADDRESSES = ("10.77.0.1", "10.77.0.2")


def can_be_had():
    """Whether this user may make them."""
    if not shutil.which("ip") or os.geteuid() != 0:
        return False
    probe = f"probe{os.getpid()}"
    made = subprocess.run(("ip", "netns", "add", probe), capture_output=True)
    subprocess.run(("ip", "netns", "del", probe), capture_output=True)
    return made.returncode == 0


class TwoHosts:
    """Hosts 0 and 1; what runs on them sees one another and this machine's files.

    Args:
        folder: where they keep their settings.
    """

    def __init__(self, folder):
        self._names = [f"node{number}-{os.getpid()}" for number in (0, 1)]
        self._resolver = folder / "resolv.conf"
        # No host answers for names: the library would wait for the machine's own server.
        self._resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        for name in self._names:
            _ip("netns", "add", name)
        ends = [("name", "cable", "netns", name) for name in self._names]
        _ip("link", "add", *ends[0], "type", "veth", "peer", *ends[1])
        for name, address in zip(self._names, ADDRESSES, strict=True):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                _ip("-n", name, "link", "set", device, "up")

    def command(self, number, *words):
        """A command as it is to be started for a host."""
        settle = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        inside = ("sh", "-c", settle, str(self._resolver), *words)
        return ("ip", "netns", "exec", self._names[number], *inside)

    def unplug(self, number):
        """Pull the cable: nothing comes through, and nobody is told."""
        _ip("-n", self._names[number], "link", "set", "cable", "down")

    def close(self):
        """Remove both."""
        for name in self._names:
            _ip("netns", "del", name)


def kill_host(process):
    """Kill a command and all that it has started, as a host that loses its power."""
    there = psutil.Process(process.pid)
    for one in (there, *there.children(recursive=True)):
        one.kill()
    process.wait()


def _ip(*words):
    subprocess.run(("ip", *words), check=True)
