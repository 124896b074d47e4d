"""Metrics, calibration and decision rules."""
