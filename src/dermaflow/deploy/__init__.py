"""The project on other machines: what its images start with."""
