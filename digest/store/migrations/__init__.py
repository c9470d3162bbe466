"""Alembic's folder; `digest.store.migrate` runs it."""
