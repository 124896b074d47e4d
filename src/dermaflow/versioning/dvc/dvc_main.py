"""DVC's own command, whose work outlives a closed pipe."""

from __future__ import annotations

import runpy

from dermaflow.io.forgiving_streams import forgive_streams

if __name__ == "__main__":
    forgive_streams()
    runpy.run_module("dvc", run_name="__main__", alter_sys=True)
