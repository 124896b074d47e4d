"""Other engines than this machine's shell: what they need to know of the pipeline."""
