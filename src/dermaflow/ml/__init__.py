"""Plain torch and numpy: knows neither Kedro nor MLflow."""

from dermaflow.io.processors import settle_threads

# Torch reads the variables when it is imported, which every module below does: in a served model
# and in a notebook nothing else of the project comes before it.
settle_threads()
