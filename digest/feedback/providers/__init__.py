"""What sending services tell by webhook: each dialect read into our reports, and its signature checked."""
