"""What a forge says of pull requests, and what follows from it."""
