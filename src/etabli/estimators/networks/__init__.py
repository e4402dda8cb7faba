"""Networks brought from elsewhere (ONNX, PyTorch), read into the closed operators."""

from etabli.estimators.networks import network

__all__ = ["network"]
