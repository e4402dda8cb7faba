"""Detectors: how odd a row is, one method a file."""
