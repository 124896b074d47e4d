"""What needs Kubeflow's SDK. It runs in an environment of its own, which knows no Dermaflow."""
