"""Those who work with the pages and the API, and what they ask for."""
