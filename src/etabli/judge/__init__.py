"""Pure functions of the out-of-fold table."""
