"""What a catalog says of its files, and catalogs in which some of them lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog

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

    It is made from the entries, and so with all that they say (validators, credentials, versions);
    what lies in memory is shared with the given catalog.

    Args:
        catalog: has all of the datasets.
        datasets: that are needed.
        elsewhere: dataset -> where it is loaded from and saved to.
    """
    others = {name: catalog[name] for name in datasets}
    configs, credentials, load_versions, save_version = catalog.to_config()
    on_disk = {name: configs[name] for name in (*others, *elsewhere) if name in configs}
    for name, config in on_disk.items():
        if metadata := _metadata(catalog, name):  # which Kedro leaves out
            config["metadata"] = metadata
        if name in elsewhere:
            config["filepath"] = str(elsewhere[name])
    moved = DataCatalog.from_config(
        on_disk,
        credentials,
        {name: version for name in on_disk if (version := load_versions[name])},
        save_version,
        validation_enabled=catalog.validation_enabled,
    )
    for name in others.keys() - on_disk.keys():
        moved[name] = others[name]
    return moved


def _metadata(catalog: DataCatalog, name: str) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] | None = getattr(catalog.get(name), "metadata", None)
    return metadata or {}
