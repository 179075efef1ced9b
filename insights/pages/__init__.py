"""Figures for staff and for partners: what is told of a region's facts, and what is hidden."""
