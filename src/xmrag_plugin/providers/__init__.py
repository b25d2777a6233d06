"""What providers of models have in common: their errors, their rules, their servers."""
