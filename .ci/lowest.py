"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

EXTRAS = ("simulate", "sweep", "compress", "pyg", "parquet", "lhco")

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for line in [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]:
    wanted = Requirement(line)
    (lowest,) = (s.version for s in wanted.specifier if s.operator == ">=")
    print(f"{wanted.name}=={lowest}")
