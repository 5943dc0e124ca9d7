"""Drawings in the terminal."""
