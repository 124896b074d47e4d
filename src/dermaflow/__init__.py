"""Dermaflow: a dermatology image classification pipeline."""
