"""The project's hooks are those that Kedro and the runner call."""

from kedro.framework.hooks.manager import _create_hook_manager

from dermaflow.settings import HOOKS
from dermaflow.versioning.stages.hook_specs import StageSpecs


def test_every_hook_of_the_project_is_called_by_somebody_with_what_it_asks_for():
    manager = _create_hook_manager()
    manager.add_hookspecs(StageSpecs)
    for hooks in HOOKS:
        manager.register(hooks)  # refuses arguments that the caller does not give
    manager.check_pending()  # refuses hooks that nobody calls
    listened = {caller.name for hooks in HOOKS for caller in manager.get_hookcallers(hooks)}
    ours = {name for name in vars(StageSpecs) if not name.startswith("_")}
    assert ours <= listened
