"""What may go wrong, in plain words, before training: one finding a file."""
