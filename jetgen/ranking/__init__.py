"""One table of many runs: the same held-out jets, seeds and figures for each."""
