"""Kedro datasets of the project: image stores, weights, arrays and folders."""

from dermaflow.datasets.arrays_dataset import ArraysDataset
from dermaflow.datasets.folder_dataset import FolderDataset
from dermaflow.datasets.image_store_dataset import ImageStoreDataset
from dermaflow.datasets.previous_store_dataset import PreviousStoreDataset
from dermaflow.datasets.stage_records_dataset import StageRecordsDataset
from dermaflow.datasets.weights_dataset import WeightsDataset
from dermaflow.datasets.working_folder_dataset import WorkingFolderDataset

__all__ = [
    "ArraysDataset",
    "FolderDataset",
    "ImageStoreDataset",
    "PreviousStoreDataset",
    "StageRecordsDataset",
    "WeightsDataset",
    "WorkingFolderDataset",
]
