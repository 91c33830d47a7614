"""The kernels compile to machine code for a GPU, which takes no GPU."""

import importlib

import pytest

from jetgen.losses import kernels

POINTERS = {"x", "y", "a", "b", "f", "g", "f_out", "g_out", "values", "totals", "gradient"}
OTHERS = {"y_mask": "*u8", "index": "*i64", "n": "i32", "m": "i32", "bound": "i32"}
KERNELS = [
    ("nearest", "_nearest_kernel", {"MANHATTAN": False, "ROWS": 32, "COLUMNS": 64}),
    ("gather", "_spread_kernel", {"PADDED": 4, "ROWS": 32, "COLUMNS": 64}),
    ("sinkhorn", "_between_kernel", {"POWER": 2.0, "ROWS": 16, "COLUMNS": 256}),
    ("sinkhorn", "_symmetric_kernel", {"POWER": 1.0, "ROWS": 4, "COLUMNS": 1024}),
    ("plan", "_plan_kernel", {"POWER": 1.5, "PADDED": 4, "ROWS": 32, "COLUMNS": 64}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name", "constants"), KERNELS, ids=[k[1] for k in KERNELS])
def test_kernel_compiles_for_compute_capability_9(file, name, constants, monkeypatch, tmp_path):
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel = getattr(importlib.import_module(f"{kernels.__name__}.{file}"), name)
    constants = {"D": 3, "TYPE": triton.language.float32, **constants}
    signature = {
        argument: "constexpr"
        if argument in constants
        else "*fp32"
        if argument in POINTERS
        else OTHERS.get(argument, "fp32")
        for argument in kernel.arg_names
    }
    options = {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": True}
    source = ASTSource(kernel, signature, constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert len(compiled.asm["cubin"]) > 0
    assert ".local" not in compiled.asm["ptx"]  # no array that registers cannot hold
