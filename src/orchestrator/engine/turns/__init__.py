"""What tickets side by side share: the lane, branches that stand on others, slots and temporary folders."""
