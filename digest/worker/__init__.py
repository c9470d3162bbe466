"""The worker: a face without pages or commands, to which PostgreSQL hands jobs."""
