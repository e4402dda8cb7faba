"""A whole model file as a PyTorch module or a JAX function: `Model.to_torch()`, `Model.to_jax()`.

The nodes of the closed operator set are a few dozen functions of tensors, trees too (`forest.py`), so the file itself is run by the other library: on its devices, in its
batches, inside its gradients. Texts have no tensors there: what depends on text alone is done by onnxruntime beforehand (`plan.py`), and its numbers
enter beside the table's.
"""
