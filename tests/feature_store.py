"""Features of pictures that no file holds, as ingest stores them."""

from dermaflow.data.duplicates.describe import describe_pixels, record_shape
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store


def write_features(folder, pictures, side=160, count=200):
    """Make a store of the features of pictures by their ids."""
    found = {name: describe_pixels(pixels, side, count) for name, pixels in pictures.items()}
    images = [
        StoredImage(name, keypoints.pack(count)[..., None], {"features": len(keypoints)})
        for name, keypoints in found.items()
    ]
    write_image_store(folder, ImageBatch(images, record_shape(count), recipe={"width": side}))
    return ImageStore(folder)
