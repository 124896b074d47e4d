"""Stages: what they are made from, and running them."""
