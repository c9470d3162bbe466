"""Articles, profile and history to a digest, or a reason for none."""
