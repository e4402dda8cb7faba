"""How columns become a matrix: one file a kind of column."""
