"""The served model: preprocessing, weights and contract behind one MLflow pyfunc."""
