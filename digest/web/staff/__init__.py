"""The pages of those who work with it: parse, call the pipeline, show."""
