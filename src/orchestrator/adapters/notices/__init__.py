"""Notifications: what is to be sent, kept on disk, and the channels that send it."""
