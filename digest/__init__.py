"""Newsletter and notification digests: the right articles for each reader, once, at the reader's hour."""

__version__ = "0.1.0"
