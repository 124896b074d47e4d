"""What a catalog says of its files, and catalogs in which some of them lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DataCatalog

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

    Args:
        catalog: has all of the datasets.
        datasets: that are needed.
        elsewhere: dataset -> where it is loaded from and saved to.
    """
    configs, *_ = catalog.to_config()
    moved: dict[str, Any] = {
        name: AbstractDataset.from_config(name, {**configs[name], "filepath": str(path)})
        for name, path in elsewhere.items()
    }
    others = {name: catalog[name] for name in datasets if name not in moved}
    return DataCatalog(datasets={**others, **moved})


def _metadata(catalog: DataCatalog, name: str) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] | None = getattr(catalog.get(name), "metadata", None)
    return metadata or {}
