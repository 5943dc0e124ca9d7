"""What goes on at this moment, for whoever looks on."""
