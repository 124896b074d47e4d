"""One package a stage: ``pipeline.py`` wires, ``nodes.py`` holds pure functions."""
