"""What is expected of the data, what breaks it, and the split that keeps groups whole."""
