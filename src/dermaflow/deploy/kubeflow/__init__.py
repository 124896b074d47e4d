"""Kubeflow Pipelines v2: a task for each stage, which runs ``kedro run`` in the project's image."""
