"""What is installed, configured and left behind, and what is wrong with it."""
