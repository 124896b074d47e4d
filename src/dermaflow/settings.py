"""Kedro project settings: see https://docs.kedro.org/en/stable/configure/configuration_basics/."""

from omegaconf.resolvers import oc

from dermaflow.hooks import ParameterHook, RunnerHook, TrackingHook, VersioningHook

HOOKS = (ParameterHook(), TrackingHook(), VersioningHook(), RunnerHook())

# The extra `viz` draws pipelines and watches no runs: its record is one for all environments, and
# what runs did is in MLflow.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # `soft`: an environment overrides single keys of a parameter group, not the whole group.
    "merge_strategy": dict.fromkeys(
        ("parameters", "catalog", "mlflow", "bench", "kubeflow", "registry", "retention"), "soft"
    ),
    "config_patterns": {
        name: [f"{name}*"] for name in ("mlflow", "bench", "kubeflow", "registry", "retention")
    },
    "custom_resolvers": {"oc.env": oc.env},
}
