"""Raw data, whatever its origin, behind one interface."""

from dermaflow.sources.base import ImageSource, open_source

__all__ = ["ImageSource", "open_source"]
