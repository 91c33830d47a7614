"""Hyper-parameter search: what is searched, the trials, and what they say."""

from jetgen.extras import require_package

require_package("optuna")
