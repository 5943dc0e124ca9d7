"""What the adapters share: reading of lines, errors and reset times, arguments, and what is told to a person."""
