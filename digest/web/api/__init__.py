"""The API for programs, below /api/v1: check what came in, call the pipeline, answer in JSON."""
