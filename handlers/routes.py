"""A route: an address template with the handler that answers there."""

from __future__ import annotations

import re
from typing import NamedTuple

from tornado import web

_PARAMETER = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """An address such as `/groups/{group_id}`; a `{name}` stands for one segment."""

    template: str
    handler: type[web.RequestHandler]

    @property
    def pattern(self) -> str:
        """The template as the regular expression that Tornado matches."""
        return _PARAMETER.sub(r"(?P<\1>[^/]+)", self.template)

    @property
    def parameters(self) -> list[str]:
        """The names of the template's parameters, in order."""
        return _PARAMETER.findall(self.template)
