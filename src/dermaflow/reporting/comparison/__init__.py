"""A comparison of runs as figures, as a page and as text."""
