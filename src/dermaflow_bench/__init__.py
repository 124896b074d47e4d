"""How close the stages come to what the machine can do: each beside bare work of the same size."""
