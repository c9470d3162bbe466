"""Rows to messages on the wire, and what became of each."""
