"""Cross-validation: its folds, their trainings and their scores."""
