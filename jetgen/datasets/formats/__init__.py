"""The file formats that jetgen reads."""

from jetgen.datasets.formats.cloud_hdf5 import CLOUD_HDF5
from jetgen.datasets.formats.csv_table import CSV_TABLE
from jetgen.datasets.formats.energyflow_npz import ENERGYFLOW_NPZ
from jetgen.datasets.formats.hls4ml_hdf5 import HLS4ML_HDF5
from jetgen.datasets.formats.jetgen_hdf5 import JETGEN_HDF5
from jetgen.datasets.formats.jetnet_hdf5 import JETNET_HDF5
from jetgen.datasets.formats.lhco_hdf5 import LHCO_HDF5
from jetgen.datasets.formats.parquet_table import PARQUET_TABLE
from jetgen.datasets.formats.root_table import ROOT_TABLE
from jetgen.datasets.formats.source import Format

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        JETGEN_HDF5,
        JETNET_HDF5,
        HLS4ML_HDF5,
        ENERGYFLOW_NPZ,
        CLOUD_HDF5,
        LHCO_HDF5,
        ROOT_TABLE,
        PARQUET_TABLE,
        CSV_TABLE,
    )
}
"""Every format by its name; a file is of at most one of them."""
