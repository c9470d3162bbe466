"""Digest to message: templates, inlining, encoded pieces, MIME, lint."""
