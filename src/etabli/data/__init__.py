"""The data, from a file to a split and prepared matrices."""
