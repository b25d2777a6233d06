"""Tables of a page: `lattice` where rules make a grid, `stream` where they do not; `rows` is common to both."""
