"""Whether pictures and their records differ from those that a model was made from."""
