"""Synthetic images of small classes."""
