"""Kedro datasets of the project: image stores, weights, arrays and folders of files."""

from dermaflow.datasets.arrays import ArraysDataset
from dermaflow.datasets.folder import FolderDataset
from dermaflow.datasets.image_store import ImageStoreDataset
from dermaflow.datasets.stage_records import StageRecordsDataset
from dermaflow.datasets.weights import WeightsDataset

__all__ = [
    "ArraysDataset",
    "FolderDataset",
    "ImageStoreDataset",
    "StageRecordsDataset",
    "WeightsDataset",
]
