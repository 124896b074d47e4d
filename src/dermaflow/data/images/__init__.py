"""From encoded pictures to stored pixels."""
