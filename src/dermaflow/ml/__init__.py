"""Plain torch and numpy: knows neither Kedro nor MLflow."""
