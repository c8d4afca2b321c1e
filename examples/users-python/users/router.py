"""Routes by method and path. `{name}` stands for one segment."""

import re
from dataclasses import dataclass, field
from typing import Callable, Optional
from urllib.parse import unquote


@dataclass
class Match:
    """No route means 404, a route without `handle` 405."""

    route: Optional[str] = None
    handle: Optional[Callable] = None
    params: dict = field(default_factory=dict)
    allow: str = ""


class Router:
    def __init__(self):
        self._routes = []

    def add(self, pattern, **methods):
        expression = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern) + "/?")
        self._routes.append((pattern, expression, methods))

    def match(self, method, path):
        for pattern, expression, methods in self._routes:
            found = expression.fullmatch(path)
            if found:
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                return Match(pattern, methods.get(method), params, ", ".join([*methods, "OPTIONS"]))
        return Match()
