"""A list of small tasks, and the folder that is the truth."""
