"""Clusterings: which rows belong together, one method a file."""
