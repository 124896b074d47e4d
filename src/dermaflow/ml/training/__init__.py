"""One training of the classifier."""
