"""Public checks for components of other packages: the laws that jetgen's own components keep.

Each ``check_*`` takes a component and raises ``AssertionError`` with the name of the law that it
breaks.

>>> from jetgen.networks.deepsets import DeepSetsEncoder
>>> check_encoder(DeepSetsEncoder)
"""

from jetgen.testing.formats import check_format
from jetgen.testing.losses import check_loss
from jetgen.testing.networks import check_decoder, check_encoder
from jetgen.testing.objectives import check_objective

__all__ = ["check_decoder", "check_encoder", "check_format", "check_loss", "check_objective"]
