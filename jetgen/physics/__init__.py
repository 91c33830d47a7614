"""Four-vectors, jet observables and jet images: pure functions of tensors and clouds."""
