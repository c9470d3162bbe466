"""What editors decide and write."""
