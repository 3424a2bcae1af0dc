"""How fast our layers are, as ratios against what a user would pick instead, measured in one run."""
