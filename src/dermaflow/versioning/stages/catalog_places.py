"""What a catalog says of its files, and catalogs in which some of them lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from kedro.io.core import VALIDATOR_KEY

from dermaflow.versioning.stages.stage_dependencies import CatalogEntry


def read_entries(catalog: DataCatalog) -> dict[str, CatalogEntry]:
    """Dataset -> what the catalog says of it, of all that have a file; paths as they are there."""
    configs, *_ = catalog.to_config()
    return {
        name: CatalogEntry(config["filepath"], config["type"], _metadata(catalog, name))
        for name, config in configs.items()
        if "filepath" in config
    }


def catalog_with(
    catalog: DataCatalog, datasets: Iterable[str], elsewhere: Mapping[str, Path]
) -> DataCatalog:
    """A catalog of some datasets, those of ``elsewhere`` at other places.

    Those are made anew from all that their entries say (credentials, metadata, versions), and so is
    what has a validator, as Kedro knows no other way to bring one along. The others are shared with
    the given catalog: what the runner told a working folder must reach the node.

    Args:
        catalog: has all of the datasets.
        datasets: that are needed.
        elsewhere: dataset -> where it is loaded from and saved to.
    """
    others = {name: catalog[name] for name in datasets}
    configs, credentials, load_versions, save_version = catalog.to_config()
    validated = [name for name in others if VALIDATOR_KEY in configs.get(name, {})]
    anew = {name: configs[name] for name in (*validated, *elsewhere)}
    for name, config in anew.items():
        if metadata := _metadata(catalog, name):  # which Kedro leaves out
            config["metadata"] = metadata
        if name in elsewhere:
            config["filepath"] = str(elsewhere[name])
    moved = DataCatalog.from_config(
        anew,
        credentials,
        {name: version for name in anew if (version := load_versions[name])},
        save_version,
        validation_enabled=catalog.validation_enabled,
    )
    for name in others.keys() - anew.keys():
        moved[name] = others[name]
    return moved


def _metadata(catalog: DataCatalog, name: str) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] | None = getattr(catalog.get(name), "metadata", None)
    return metadata or {}
