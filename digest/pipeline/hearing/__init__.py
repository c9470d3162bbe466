"""What comes back, and what follows from it."""
