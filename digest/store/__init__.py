"""Rows to model and back: SQLAlchemy tables, engine, queries, migrations."""
