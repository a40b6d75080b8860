"""A route: an address template with the handler that answers there."""

from __future__ import annotations

import re
from typing import NamedTuple

from tornado import web

_PARAMETER = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """An address such as `/groups/{group_id}`; a `{name}` stands for one segment.

    That of `deep` stands for one or several, be their slashes escaped or not.
    """

    template: str
    handler: type[web.RequestHandler]
    deep: str = ""

    @property
    def pattern(self) -> str:
        """The template as the regular expression that Tornado matches."""
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", self.template)
        return pattern.replace(f"(?P<{self.deep}>[^/]+)", f"(?P<{self.deep}>.+)")

    @property
    def parameters(self) -> list[str]:
        """The names of the template's parameters, in order."""
        return _PARAMETER.findall(self.template)
