"""Words: sentences, terms, quantities, labels, segmentation."""
