"""One table of many runs, with the same held-out jets, seeds and metrics for each."""
