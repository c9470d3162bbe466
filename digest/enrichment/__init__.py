"""Article to summary, topics with scores, related links and disclaimers."""
