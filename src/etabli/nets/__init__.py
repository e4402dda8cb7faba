"""Neural networks in plain JAX: blocks that are pairs (what is trained, what is written), and the one loop that trains them.

A network is a list of blocks. A block computes with whatever array module it is given: with `jax.numpy` in float32 while it learns, with
`numpy` in float64 when it answers, and it writes the same steps as nodes of double precision. So a trained network is, by definition, its
weights in double precision, and the file equals it to rounding, as with every other family.
"""
