"""A chain of generators: the next candidate answers where one is unavailable."""
