"""The list: imports, exports, changes of many, everything about one, erasure."""
