"""Newsletters, topics and streams, from a file to the model."""
