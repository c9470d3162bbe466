"""Schedule rule and zones to due slots; the tick."""
