"""Changes of a mass peak between two files: ``jetgen peaks BEFORE AFTER``."""
