"""Message to mail server: SMTP session, pool, replies, retry, journal."""
