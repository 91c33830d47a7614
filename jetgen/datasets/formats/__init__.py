"""The supported file formats, one per file (their names are in :mod:`jetgen.components`)."""
