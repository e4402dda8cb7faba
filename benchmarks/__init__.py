"""The benchmarks: run.py measures, README.md beside it says how."""
