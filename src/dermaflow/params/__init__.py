"""Typed parameters: a module for each file ``conf/base/parameters_<name>.yml``."""
