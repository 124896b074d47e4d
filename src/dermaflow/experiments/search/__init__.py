"""The search for a recipe of training."""
