"""What PostgreSQL believes of its tables: plans go by it, and what was just written is not counted yet."""

from __future__ import annotations

from sqlalchemy import Engine, text

_GREAT = ("subscribers", "subscriptions", "deliveries")  # what planning and claiming join
_UNCOUNTED = text(
    "SELECT c.relname FROM pg_class c LEFT JOIN pg_stat_user_tables t ON t.relid = c.oid"
    " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (:names)"
    " AND (pg_relation_size(c.oid) / current_setting('block_size')::int > 2 * c.relpages + 8"
    " OR c.reltuples <= 0 AND c.relpages > 8"
    " OR t.n_mod_since_analyze > 1000 + t.n_live_tup / 2) ORDER BY c.relname"
)


def count_anew(engine: Engine) -> list[str]:
    """Have PostgreSQL count the tables that have more than doubled since it last did; return their names.

    It does so by itself within a minute or two (autovacuum). Until then a list is taken for a small one: planning
    compares every reader with every other, and claiming reads every row of an edition for each. Nothing happens on
    SQLite, whose plans depend on no counts.
    """
    if engine.dialect.name != "postgresql":
        return []
    with engine.begin() as connection:
        names = list(connection.execute(_UNCOUNTED, {"names": list(_GREAT)}).scalars())
        if names:
            # Whoever counts already is let do it.
            connection.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(names)}"))
    return names
