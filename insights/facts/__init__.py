"""Facts: sums over each hour of a region, counted from the rows."""
