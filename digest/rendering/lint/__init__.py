"""Hold a message against what mailbox providers and mail programs ask, rule by rule; no file, no clock, no network."""
