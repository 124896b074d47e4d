"""Batches of pictures beside their reference, as a page."""
