"""What files are made of: page layout, markup, office XML, sound and pictures."""
