"""Roles of reStructuredText in docstrings as Markdown, for the API reference of the site."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:func|class|mod|data|meth|attr|math|obj|exc):`~?([^`]+)`")
MATH = re.compile(r"^( *)\.\. math::\n\n((?:\1 +.*\n|\n)+)", re.M)


class Roles(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring and not obj.is_alias:
            text = MATH.sub(r"\1```\n\2\1```\n\n", obj.docstring.value + "\n")
            obj.docstring.value = ROLE.sub(r"`\1`", text).rstrip()
