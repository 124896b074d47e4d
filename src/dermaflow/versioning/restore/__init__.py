"""Bringing a run's state back."""
