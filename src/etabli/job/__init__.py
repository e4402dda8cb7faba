"""What this job owns and may spend."""
