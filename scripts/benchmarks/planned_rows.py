"""The rows that a planning wrote, kept aside to be inserted once more by nothing but the database."""

from __future__ import annotations

from sqlalchemy import Engine

from digest.store.tables import deliveries

_COLUMNS = ", ".join(column.name for column in deliveries.columns if column.name != "id")


def keep_planned_rows(engine: Engine) -> None:
    """Put the rows of `deliveries` into a table without any index, and empty the first."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE planned_rows AS SELECT {_COLUMNS} FROM deliveries ORDER BY id")
    empty_deliveries(engine)


def insert_planned_rows(engine: Engine) -> int:
    """Insert all of them in one statement and one transaction, new ids and all indexes; return how many."""
    with engine.begin() as connection:
        done = connection.exec_driver_sql(f"INSERT INTO deliveries ({_COLUMNS}) SELECT {_COLUMNS} FROM planned_rows")
        return done.rowcount


def empty_deliveries(engine: Engine) -> None:
    """Take every row out at once."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE deliveries CASCADE")
        return
    # Row by row, as the keys of other tables would have it, takes as long as writing them; there are none. Nobody may
    # change that within a transaction, which SQLAlchemy would begin.
    connection = engine.raw_connection()
    try:
        for statement in ("PRAGMA foreign_keys = off", "DELETE FROM deliveries", "PRAGMA foreign_keys = on"):
            connection.cursor().execute(statement)
    finally:
        connection.close()
