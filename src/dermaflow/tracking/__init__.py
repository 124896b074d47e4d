"""Experiment tracking: the metric sink, the MLflow run and system metrics."""
