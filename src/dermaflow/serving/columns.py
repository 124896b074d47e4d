"""Columns of a request and of its answer that have a name of their own."""

INPUT_COLUMN = "image"
LABEL_COLUMN = "label"
