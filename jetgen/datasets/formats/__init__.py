"""The file formats that jetgen reads, tried in this order."""

from jetgen.datasets.formats.jetgen_hdf5 import JETGEN_HDF5
from jetgen.datasets.formats.source import Format

FORMATS: dict[str, Format] = {form.name: form for form in (JETGEN_HDF5,)}
