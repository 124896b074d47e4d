"""Raw data, whatever its origin, behind one interface."""

from dermaflow.data.sources.image_source import ImageSource
from dermaflow.data.sources.source_set import SourceSet

__all__ = ["ImageSource", "SourceSet"]
