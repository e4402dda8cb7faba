"""Why this answer, and what would change it: from the model file alone, with numpy and onnxruntime."""
