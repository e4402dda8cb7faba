"""Where tasks run: one file a place."""
