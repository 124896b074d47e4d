"""Which files are lesion masks, by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from dermaflow.data.sources.image_source import IMAGE_SUFFIXES

_LOSSY = (".jpg", ".jpeg", ".webp")


def find_masks(
    files: Iterable[str], images: Collection[str], suffixes: Sequence[str]
) -> dict[str, str]:
    """The mask of each image that has one.

    A mask is named as its image, with one of the suffixes behind the name: ``a_mask.png`` is that
    of ``a``. Folders before the name, and letters' case, make no difference to the suffix.

    Args:
        files: names of files; those that are no images are none.
        images: names of the images, without their own suffix.
        suffixes: in the order of preference; an empty one stands for the image's own name, and for
            no JPEG, which may be the image.

    Returns:
        Image -> file.
    """
    found: dict[str, tuple[int, str]] = {}
    for file in files:
        stem, _, _ = file.rpartition(".")
        if not file.lower().endswith(IMAGE_SUFFIXES):
            continue
        for place, suffix in enumerate(suffixes):
            image = stem[: len(stem) - len(suffix)]
            fits = stem.casefold().endswith(suffix.casefold()) and image in images
            if fits and (suffix or not file.lower().endswith(_LOSSY)):
                found[image] = min((place, file), found.get(image, (place, file)))
    return {image: file for image, (_, file) in found.items()}
