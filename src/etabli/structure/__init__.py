"""What a table holds without a target: groups of rows, a map of few coordinates, rows that are odd.

Three questions, one shape. The columns become a `Space` (numbers alone, written as a graph); methods (a file each, in `clusterings/`,
`projections/` and `detectors/`) learn from its matrix and write themselves as nodes; what they find is judged by how well it is found
again in other rows; the best becomes one proven file, which answers for a new row. `cluster.py`, `map.py` and `anomalies.py` tell the
three stories.
"""
