"""The digests of one slot: what may be in them, and how they are printed."""
