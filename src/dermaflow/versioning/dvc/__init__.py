"""What DVC knows of the stages."""
