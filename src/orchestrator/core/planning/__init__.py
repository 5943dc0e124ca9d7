"""From a wish to a plan: drafts, what is filled in, and what trackers say. Pure."""
