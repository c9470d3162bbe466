"""Events come in, and windows close."""
