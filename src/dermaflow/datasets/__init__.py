"""Kedro datasets of the project: image stores, weights, arrays and folders."""

from dermaflow.datasets.arrays import ArraysDataset
from dermaflow.datasets.folder import FolderDataset
from dermaflow.datasets.image_store import ImageStoreDataset
from dermaflow.datasets.stage_records import StageRecordsDataset
from dermaflow.datasets.weights import WeightsDataset
from dermaflow.datasets.working_folder import WorkingFolderDataset

__all__ = [
    "ArraysDataset",
    "FolderDataset",
    "ImageStoreDataset",
    "StageRecordsDataset",
    "WeightsDataset",
    "WorkingFolderDataset",
]
