"""The file formats that jetgen reads, one a file (names in :mod:`jetgen.components`)."""
