"""From elements to linked nodes: sentences, chunks, figures and what cites them."""
