"""Ranking a day's articles for topics: what an archive teaches beyond the words of a topic's definition."""
