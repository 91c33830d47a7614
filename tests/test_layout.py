"""Imports point down the house, and no two modules import each other in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1] / "jetgen"

FLOORS = """
    errors
    registry extras
    files
    processes
    namespace kinematics weights sharing threads memory precision
    ragged
    cloud
    conversion
    arguments
    kernels
    components kinds
    physics
    config configs pretrained
    losses networks priors datasets metrics
    objectives classifiers
    runs
    training generation evaluation export
    citing
    reports
    latent compression distillation peaks ranking sweeps doctor testing
    studies
    api
    cli
    __main__
"""
"""The rooms of ``jetgen/`` from the ground up; those on one floor may use each other."""

FLOOR = {room: k for k, line in enumerate(FLOORS.split("\n")) for room in line.split()}


def imported(module: str, tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of jetgen that a module imports, also inside its functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in known and name not in (module, "jetgen")}


def package() -> dict[str, set[str]]:
    files = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in ROOT.rglob("*.py")
    }
    return {
        module: imported(module, ast.parse(path.read_text(encoding="utf-8")), set(files))
        for module, path in files.items()
        if module != "jetgen"
    }


def test_imports_point_down():
    modules = package()
    assert {module.split(".")[1] for module in modules} <= set(FLOOR)
    upward = [
        f"{module} imports {other}"
        for module, others in modules.items()
        for other in others
        if FLOOR[other.split(".")[1]] > FLOOR[module.split(".")[1]]
    ]
    assert upward == []


def test_no_module_imports_itself_through_others():
    list(TopologicalSorter(package()).static_order())
