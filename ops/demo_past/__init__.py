"""The demo city's past: six weeks of made-up requests, after the real weekdays of Manhattan's taxis."""
