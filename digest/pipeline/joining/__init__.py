"""Several newsletters, and events, in one mail."""
