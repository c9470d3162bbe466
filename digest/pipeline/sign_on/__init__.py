"""Signing in with a provider of OpenID Connect: the way there and back, what it says, whose account that is."""
