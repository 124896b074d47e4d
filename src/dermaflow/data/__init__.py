"""What goes in: sources, images, validation, duplicates, drift. No Kedro, no MLflow."""
