"""Who is due, and a row for each; whose word an edition waits for."""
