"""From the elements of a document to linked nodes: chunks, tables, figures and the links between them."""
