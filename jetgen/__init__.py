"""Generate particle jets as what they are: unordered, sparse sets of particles.

All public names are here and in :mod:`jetgen.losses`, :mod:`jetgen.metrics` and
:mod:`jetgen.physics`; ``dir()`` lists them. They are imported at first use, so that ``import
jetgen`` is quick and loads no heavy library. Other modules may change without notice.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING

from jetgen.namespace import publish

if TYPE_CHECKING:
    from jetgen import losses as losses
    from jetgen import metrics as metrics
    from jetgen import physics as physics
    from jetgen.api import compare as compare
    from jetgen.api import evaluate as evaluate
    from jetgen.api import generate as generate
    from jetgen.api import report as report
    from jetgen.api import simulate as simulate
    from jetgen.api import train as train
    from jetgen.cloud import Feature as Feature
    from jetgen.cloud import ParticleCloud as ParticleCloud
    from jetgen.config.train import TrainConfig as TrainConfig
    from jetgen.conversion import from_awkward as from_awkward
    from jetgen.conversion import from_numpy as from_numpy
    from jetgen.datasets.reading import read as read
    from jetgen.datasets.writing import write as write
    from jetgen.runs.trained_model import load as load

__version__ = version("jetgen")

publish(__name__)
