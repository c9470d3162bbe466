"""Use cases, each one sentence of the flow, by its steps."""
