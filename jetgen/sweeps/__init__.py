"""Hyper-parameter search: the definition of a sweep, its trials, and their results."""

from jetgen.extras import require_package

require_package("optuna")
