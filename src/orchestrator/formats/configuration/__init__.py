"""config.yaml: text to settings."""
