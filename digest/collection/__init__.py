"""Outside world to articles: files, pages and feeds; canonical URLs and duplicates."""
