"""Drafts with the base's parameters."""

from functools import cache

from conf_params import _read
from dermaflow.data.drafting.draft import Request
from dermaflow.data.drafting.draft_folders import draft_folders
from dermaflow.data.drafting.draft_table import draft_table
from dermaflow.params.parameters import Parameters


@cache
def base_parameters():
    return Parameters.model_validate(_read("base"))


def make_draft(root, table, images, name="clinic", **columns):
    """Draft an environment of the project in ``root``; ``columns`` are what the user says."""
    request = Request(name, root, images, columns, base_parameters())
    return draft_table(request, table) if table else draft_folders(request)
