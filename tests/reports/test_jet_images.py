"""Average jet images of samples of unequal size."""

import numpy as np
import pytest

from jetgen.physics.observables import measure
from jetgen.reports.figures.jet_images import jet_images


@pytest.mark.parametrize("sizes", [(400, 25), (25, 400)])
def test_images_of_unequal_samples_are_per_jet_and_on_one_scale(toy_jets, sizes):
    real, made = (measure(toy_jets(n, n)) for n in sizes)
    panels = jet_images(real, {"made": made}).axes[:4]
    one, other, ratio, _ = (panel.get_images()[0] for panel in panels)
    assert one.norm is other.norm and one.get_array().shape == (10, 10)
    shares = [float(image.get_array().sum()) for image in (one, other)]
    assert shares == pytest.approx([shares[0]] * 2, rel=0.1)
    shown = ratio.get_array().compressed()
    assert len(shown) > 10 and 0.6 < np.median(shown) < 1.6
