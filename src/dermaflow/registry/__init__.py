"""Versions of the model: what may be served."""
