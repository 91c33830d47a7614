"""Distillation of flow-matching runs into models of few steps: ``command.py``."""
