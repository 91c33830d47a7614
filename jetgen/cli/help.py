"""How ``--help`` looks: options in groups, their defaults, and an example at the end."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import jsonargparse

COMMON = "common options"
"""The first group of a command's options."""


class HelpFormatter(jsonargparse.DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help texts with the default where there is one; descriptions keep their lines."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if action.required:
            return f"{text} (required)" if action.option_strings else text
        default = action.default
        if default is None or default is False or default in ("", [], (), argparse.SUPPRESS):
            return text
        shown = " ".join(map(str, default)) if isinstance(default, list | tuple) else str(default)
        return f"{text} (default: {shown.replace('%', '%%')})"


def usage(command: str, config: type) -> str:
    """The first line of the help: the positional arguments, and that there are options."""
    words = [f"jetgen {command}"]
    for field in dataclasses.fields(config):
        if field.metadata["positional"]:
            word = field.name.upper() + (" ..." if "list" in str(field.type) else "")
            required = field.default is field.default_factory is dataclasses.MISSING
            words.append(word if required else f"[{word}]")
    return " ".join([*words, "[options]"])


def example(command: str) -> str:
    """The lines that show a command at work."""
    return f"example:\n  {command}"


def groups(config: type) -> dict[str, list[dataclasses.Field[Any]]]:
    """The options by the titles of their groups: the common ones, then those of each section.

    A section begins with an option that names one, and ends where the next begins.
    """
    found: dict[str, list[dataclasses.Field[Any]]] = {COMMON: []}
    section = COMMON
    for field in dataclasses.fields(config):
        section = field.metadata["section"] or section
        title = COMMON if field.metadata["common"] else section
        found.setdefault(title, []).append(field)
    return found
