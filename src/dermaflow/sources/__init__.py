"""Raw data, whatever its origin, behind one interface."""

from dermaflow.sources.base import ImageSource
from dermaflow.sources.source_set import SourceSet

__all__ = ["ImageSource", "SourceSet"]
