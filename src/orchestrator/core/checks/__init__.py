"""What is wrong with a workflow or a plan, rule by rule."""
