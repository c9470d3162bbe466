"""Look at an installation from outside: what is right, what is not, and what to do; nothing is changed."""
