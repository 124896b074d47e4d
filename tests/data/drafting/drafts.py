"""Drafts with the base's parameters."""

from functools import cache
from pathlib import Path

from kedro.config import OmegaConfigLoader

from dermaflow.data.drafting.draft import Request
from dermaflow.data.drafting.draft_folders import draft_folders
from dermaflow.data.drafting.draft_table import draft_table
from dermaflow.params.parameters import Parameters
from dermaflow.settings import CONFIG_LOADER_ARGS

CONF = Path(__file__).parents[3] / "conf"


@cache
def base_parameters():
    loader = OmegaConfigLoader(str(CONF), env="base", **CONFIG_LOADER_ARGS)
    return Parameters.model_validate(loader["parameters"])


def make_draft(root, table, images, name="clinic", **columns):
    """Draft an environment of the project in ``root``; ``columns`` are what the user says."""
    request = Request(name, root, images, columns, base_parameters())
    return draft_table(request, table) if table else draft_folders(request)
