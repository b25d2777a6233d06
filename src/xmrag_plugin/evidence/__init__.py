"""Evidence: what was retrieved, as numbered blocks of words and pictures that answers are made of."""
