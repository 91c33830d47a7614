"""The folder for code that torch compiles: of this user, for this processor."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

import torch

from jetgen.files.cache import cache_folder

VARIABLE = "TORCHINDUCTOR_CACHE_DIR"


def keep_compiled_code() -> None:
    """Have Inductor keep its code in the user's own cache folder, unless a folder was chosen.

    The default of torch is in the folder for temporary files, where another user could create it
    first; torch writes it into the environment when its compiler is imported, so that the variable
    alone does not say that somebody chose it. Code for another processor ends the process (illegal
    instruction), and machines of a cluster share their home folders: each kind of processor has a
    folder of its own.
    """
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    if os.environ.get(VARIABLE, default_cache_dir()) == default_cache_dir():
        os.environ[VARIABLE] = str(cache_folder() / "compiled" / processor())


def processor() -> str:
    """A name for the processor with the instructions that torch uses: 16 hexadecimal digits."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else [platform.processor()]
    kind = {x for x in lines if x.startswith(("model name", "flags", "Features", "CPU part"))}
    text = "\n".join([platform.machine(), torch.backends.cpu.get_cpu_capability(), *sorted(kind)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
