"""``kedro new-env``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    from dermaflow.data.drafting.draft import Draft, Request
    from dermaflow.params.sources import TableColumn

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def _absolute(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    """From where the command is given, before it goes to the project's root; links stay."""
    if value is None:
        return None
    return Path(os.path.normpath(Path.cwd() / Path(value).expanduser()))


def _named_columns(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> dict[TableColumn, str]:
    from dermaflow.params.sources import TableColumn

    meanings: dict[str, TableColumn] = {name: name for name in get_args(TableColumn)}
    columns = {}
    for value in values:
        meaning, sign, column = value.partition("=")
        if not sign or meaning not in meanings:
            known = ", ".join(meanings)
            raise click.BadParameter(f"{value!r} is not MEANING=NAME; meanings are {known}")
        columns[meanings[meaning]] = column
    return columns


@click.command("new-env", cls=ProjectCommand, short_help="Draft an environment for your own data.")
@click.argument("name")
@click.option(
    "--images",
    required=True,
    callback=_absolute,
    help="Folder of the images; without --table, of a folder for each class.",
)
@click.option("--table", callback=_absolute, help="CSV or Parquet with a row an image.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="MEANING=NAME",
    callback=_named_columns,
    help="Say what a column holds, in place of a guess: label=Befund. May be repeated.",
)
def new_env(name: str, images: Path, table: Path | None, columns: dict[TableColumn, str]) -> None:
    """Draft the files of an environment NAME, conf/NAME, from a table and a folder of images.

    What the columns and words mean is guessed, with the reason beside it; what is unsure is a
    comment that begins with QUESTION. Nothing is overwritten, and no image is changed or copied.
    """
    from dermaflow.cli.new_env_report import summarise
    from dermaflow.data.drafting.conf_files import render_files
    from dermaflow.io.atomic_files import new_folder

    target = Path("conf") / name
    _refuse_name(name, target, images)
    if columns and not table:
        raise click.UsageError("--column goes with --table")
    draft = _make_draft(_request(name, images, columns), table)
    files = render_files(draft)
    try:
        with new_folder(target) as folder:
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise _taken(target) from error
    click.echo(summarise(draft, files))


def _refuse_name(name: str, target: Path, images: Path) -> None:
    if not _NAME.fullmatch(name) or name in (DEFAULT_ENVIRONMENT, "local"):
        raise click.BadParameter(
            f"{name!r}: take small letters, digits, - and _, a letter first, 40 at most; not "
            f"{DEFAULT_ENVIRONMENT} or local",
            param_hint="NAME",
        )
    if os.path.lexists(target):
        raise _taken(target)
    if (Path.cwd() / "data" / name).is_relative_to(images):
        raise click.BadParameter(
            f"{name!r}: the environment would write to data/{name}, among the images; take another",
            param_hint="NAME",
        )


def _taken(target: Path) -> click.BadParameter:
    return click.BadParameter(
        f"{target} is there already, and is not overwritten; take another name, or remove it",
        param_hint="NAME",
    )


def _request(name: str, images: Path, columns: dict[TableColumn, str]) -> Request:
    from dermaflow.cli.project import load_conf
    from dermaflow.data.drafting.draft import Request

    base, _ = load_conf(DEFAULT_ENVIRONMENT)
    return Request(name, Path.cwd(), images, columns, base)


def _make_draft(request: Request, table: Path | None) -> Draft:
    if table:
        from dermaflow.data.drafting.draft_table import draft_table

        return draft_table(request, table)
    from dermaflow.data.drafting.draft_folders import draft_folders

    return draft_folders(request)
