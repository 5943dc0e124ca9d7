"""Measures programs from outside: a command line, files in a temporary home, and what scripts write there."""
