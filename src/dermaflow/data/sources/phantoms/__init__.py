"""Dermoscopy-like pictures drawn in code, for demonstration and tests."""
