"""Trails: where partners were, in thinned points, for a few weeks."""
