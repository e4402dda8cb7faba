"""The blocks, a noun a file. `tests/nets/test_blocks.py` holds each to its pair: init, steps of training, graph, onnxruntime, difference."""
