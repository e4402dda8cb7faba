"""Projections: few coordinates for many columns, one method a file."""
