"""What comes back: bytes of a mail in, reports out; rules are the TOML tables beside the code."""
