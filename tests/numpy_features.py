"""Print the processor features of numpy that `make test-portable` switches off.

Only those that numpy dispatches and this processor has: numpy warns of any other.
"""

from importlib import import_module

WANTED = ("AVX2", "FMA3", "AVX512F", "AVX512CD", "AVX512_SKX", "X86_V3", "X86_V4")
"""Of numpy 1.26 to 2.3, and the two levels that stand for them since numpy 2.4."""

try:
    core = import_module("numpy._core._multiarray_umath")
except ModuleNotFoundError:  # numpy 1
    core = import_module("numpy.core._multiarray_umath")
print(*(f for f in WANTED if f in core.__cpu_dispatch__ and core.__cpu_features__[f]))
