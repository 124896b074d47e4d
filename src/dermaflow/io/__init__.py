"""Files, tables from outside, threads and random streams."""
