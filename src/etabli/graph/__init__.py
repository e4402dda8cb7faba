"""The ONNX builder and the recipes that preparations, families and the judge's heads share."""
