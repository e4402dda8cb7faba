"""établi: from a data file to an established model."""

__version__ = "0.1.0"
