"""Hyper-parameter search: what is searched, the trials, and what they say."""
