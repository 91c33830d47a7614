"""The kernels compile to machine code for a GPU, which takes no GPU, and fit into its registers."""

import importlib

import pytest

POINTERS = {"x", "y", "a", "b", "f", "g", "new", "values", "sums", "gradient"} | {
    "theta",
    "z",
    "weights",
}
OTHERS = {"y_mask": "*u8", "index": "*i64", "n": "i32", "m": "i32", "bound": "i32"}
LOSSES, PHYSICS = "jetgen.losses.kernels", "jetgen.physics.kernels"
THE_36 = (1, 0, 2, 0, 3, 0, 4, 0, 0, 2, 1, 1, 2, 1)
KERNELS = [
    (f"{LOSSES}.nearest", "_nearest_kernel", {"MANHATTAN": False}),
    (f"{LOSSES}.gather", "_spread_kernel", {}),
    (f"{LOSSES}.sinkhorn", "_between_kernel", {"POWER": 2.0}),
    (f"{LOSSES}.sinkhorn", "_symmetric_kernel", {"POWER": 1.0}),
    (f"{LOSSES}.plan", "_plan_kernel", {"POWER": 1.5}),
    (
        f"{PHYSICS}.moments",
        "_moments_kernel",
        {"POWERS": THE_36, "CHAINED": True, "COUNT": 7, "PADDED": 8},
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "fp64"])
@pytest.mark.parametrize(("module", "name", "constants"), KERNELS, ids=[k[1] for k in KERNELS])
def test_kernel_compiles_for_compute_capability_9(
    module, name, constants, precision, monkeypatch, tmp_path, capfd
):
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from jetgen.kernels import tiles

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TRITON_DUMP_PTXAS_LOG", "1")
    file = importlib.import_module(module)
    kernel = getattr(file, name)
    sizes = {"D": 3, "TILE_ROWS": tiles.TILE_ROWS, "TILE_COLUMNS": tiles.TILE_COLUMNS, "TILE": 32}
    constants |= {
        "TYPE": {"fp32": triton.language.float32, "fp64": triton.language.float64}[precision]
    }
    constants |= {key: sizes[key] for key in sizes if key in kernel.arg_names}
    signature = {
        argument: "constexpr"
        if argument in constants
        else f"*{precision}"
        if argument in POINTERS
        else OTHERS.get(argument, "fp32")
        for argument in kernel.arg_names
    }
    options = {**tiles.LAUNCH, "num_warps": 4 if module.startswith(PHYSICS) else 1}
    source = ASTSource(kernel, signature, constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert len(compiled.asm["cubin"]) > 0
    assert " 0 bytes spill stores, 0 bytes spill loads" in capfd.readouterr().out
