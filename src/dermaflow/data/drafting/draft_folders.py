"""A draft from a folder of images for each class."""

from __future__ import annotations

from dermaflow.data.drafting.conf_text import show_some
from dermaflow.data.drafting.draft import Draft, Request, require_classes
from dermaflow.data.drafting.guess_classes import guess_classes
from dermaflow.data.drafting.picture_size import propose_size
from dermaflow.data.sources.class_folders import Folder
from dermaflow.errors import SourceError
from dermaflow.params.sources import FolderSource


def draft_folders(request: Request) -> Draft:
    """Take the folders' names for the images' classes.

    Raises:
        SourceError: there is no such folder, or it holds no folders of classes.
    """
    if not request.images.is_dir():
        raise SourceError(f"there is no folder {request.images} (see --images)")
    params = FolderSource(kind="folder", folder=str(request.images), licence="")
    try:
        folder = Folder(params, "--images", request.base.ingest.mask_suffixes)
    except SourceError as error:  # which names a key of conf that is not there yet
        raise SourceError(str(error).replace("--images.folder", "--images")) from error
    records = folder.records()
    labels = records["label"]
    words = set(labels)
    if len(words) < 2:
        raise SourceError(
            f"{request.images} holds one folder with images, {show_some(sorted(words))}: there "
            "must be one for each class, or a table (--table)"
        )
    classes = guess_classes(
        labels,
        records["image_id"],
        request.base.labels,
        request.base.ingest.unknown,
        request.least("clean_classes", "groups"),
    )
    require_classes(classes, f"the folders in {request.images}")
    strays = folder.unlisted()
    size = propose_size(request.images, list(records["file"]))
    return Draft(request, len(records) + len(strays), classes, size, strays=strays)
