"""Data Docs: results of Great Expectations, as a page."""
