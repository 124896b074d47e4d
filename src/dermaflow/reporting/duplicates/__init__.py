"""Pairs of pictures that show the same lesion, as a page to look through."""
