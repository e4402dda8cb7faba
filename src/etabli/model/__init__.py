"""The file that is shipped: composed, proven, loaded."""
