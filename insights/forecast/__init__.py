"""Demand by H3 cell: its history, its forecast with quantiles, and how good that was on days it hadn't seen."""
