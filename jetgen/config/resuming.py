"""The option of commands that go on with an unfinished output."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jetgen.config.option import option


def resume_option() -> Any:
    """Option of the commands whose finished chunks are kept until the output is complete."""
    return option(
        False,
        help="go on with an output that was interrupted, after its finished chunks; begin if "
        "there are none",
    )


def described(config: Any) -> dict[str, Any]:
    """The options that an output depends on: all but ``resume``."""
    return {name: value for name, value in asdict(config).items() if name != "resume"}
