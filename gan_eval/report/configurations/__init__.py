"""A study of several configurations: which is best, over its axes, and in pairs."""
