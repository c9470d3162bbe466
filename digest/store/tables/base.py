"""What the tables share: their names' conventions, and kinds of columns.

Every instant is microseconds since 1970 UTC, so both databases compare alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Dialect,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only numbers rows by itself for INTEGER, PostgreSQL wants BIGINT to grow.
Id = BigInteger().with_variant(Integer, "sqlite")
# Text that is compared by code points in both databases, so that a beginning is a range of its index.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def to_micros(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 UTC; naive ones are refused."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """Return the aware UTC instant of `to_micros`."""
    seconds, micros = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as BIGINT microseconds UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002  # SQLAlchemy's signature
        """Store."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Load."""
        return None if value is None else from_micros(value)
