"""Plans are made, judged, changed and put away here."""
