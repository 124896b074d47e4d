"""What a hostile file is: a name, its bytes or how it is planted, and what must be said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A file of the bytes that ``make`` gives.

    ``says`` is (part of) what a person must read of it, and empty where the file is accepted.
    """

    id: str
    make: Callable[..., object]
    says: str = ""
    suffix: str = ""

    def put(self, path: Path) -> None:
        """Write the file."""
        content = self.make()
        assert isinstance(content, bytes)
        path.write_bytes(content)


@dataclass(frozen=True)
class Planted(Case):
    """Something that is no file, or no ordinary one: ``make`` puts it at the path it is given."""

    def put(self, path: Path) -> None:
        """Plant it."""
        self.make(path)
