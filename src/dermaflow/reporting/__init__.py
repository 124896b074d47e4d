"""From data to figures and pages; knows neither Kedro nor MLflow."""
