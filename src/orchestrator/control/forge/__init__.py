"""What scripts ask of a forge, and have it do."""
