"""Drafts of an environment's files, from a table and a folder of images that nobody described."""
