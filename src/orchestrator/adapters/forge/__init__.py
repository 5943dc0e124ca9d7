"""The place where pull requests live."""
