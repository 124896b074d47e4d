"""What an environment is drafted from, and what was found out about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dermaflow.data.drafting.conf_text import show_some
from dermaflow.data.drafting.guess_classes import ClassGuess
from dermaflow.data.drafting.guess_columns import ColumnGuess
from dermaflow.data.drafting.guess_files import FileGuess
from dermaflow.data.drafting.guess_label import LabelGuess
from dermaflow.data.drafting.picture_size import PictureSize
from dermaflow.data.drafting.whole_table import WholeTable
from dermaflow.errors import SourceError
from dermaflow.params.parameters import Parameters
from dermaflow.params.sources import TableColumn


@dataclass(frozen=True)
class Request:
    """What to draft from.

    Attributes:
        name: of the environment.
        root: of the project.
        images: the folder.
        columns: what the user says about columns: meaning -> name.
        base: the base's parameters.
    """

    name: str
    root: Path
    images: Path
    columns: Mapping[TableColumn, str]
    base: Parameters

    @property
    def source(self) -> str:
        """Name of the source and of the label scheme."""
        return self.name.replace("-", "_")

    def in_conf(self, path: Path) -> str:
        """A path as conf names it: from the project's root, unless it lies outside."""
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else str(path)

    def least(self, suite: str, column: str) -> int:
        """What the base expects at least of a column of a suite about the set as a whole."""
        for expectation in self.base.validate_.expectations.get(suite, []):
            if expectation.kwargs.get("column") == column and "min_value" in expectation.kwargs:
                return int(expectation.kwargs["min_value"])
        return 0


@dataclass(frozen=True)
class TableFacts:
    """What a table tells.

    Attributes:
        table: as it was read.
        columns: what they hold, but for file and label.
        files: how rows and files belong together.
        label: where the diagnosis is.
        doubts: questions about columns that nothing reads, and about how rows belong together.
        within_patient: why lesions seem to be numbered anew for each patient; None if they do not.
        unknown: words, not known to the base, that stand for nothing.
        unread: columns that nothing reads.
    """

    table: WholeTable
    columns: list[ColumnGuess]
    files: FileGuess
    label: LabelGuess
    doubts: list[str]
    within_patient: str | None
    unknown: list[str]
    unread: list[str]


def require_classes(guess: ClassGuess, where: str) -> None:
    """Refuse what no model can be trained on.

    Args:
        guess: of the words.
        where: they stand, for the error text.

    Raises:
        SourceError: there are fewer than two classes.
    """
    if len(guess.classes) < 2:
        words = [word for drafted in guess.classes.values() for word in drafted.words]
        said = show_some([*words, *guess.unknown, *guess.placeholders])
        raise SourceError(f"{where} has fewer than two classes of images that are there: {said}")


@dataclass(frozen=True)
class Draft:
    """What was found out.

    Attributes:
        request: what it was drafted from.
        files: how many lie in the folder.
        strays: of these, in no folder of a class, where there is no table.
        classes: what becomes of the label's words.
        size: to store images in; None where no image could be looked at.
        facts: of the table, if there is one.
    """

    request: Request
    files: int
    classes: ClassGuess
    size: PictureSize | None
    facts: TableFacts | None = None
    strays: list[str] = field(default_factory=list)

    @property
    def images(self) -> int:
        """Images that have a class."""
        return sum(drafted.rows for drafted in self.classes.classes.values())

    @property
    def without_class(self) -> int:
        """Images whose word means no class."""
        guess = self.classes
        small = sum(drafted.rows for drafted in guess.small.values())
        return small + sum(guess.unknown.values()) + sum(guess.placeholders.values())
