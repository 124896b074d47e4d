"""The project on other machines: its images, and what other engines need to know of it."""
