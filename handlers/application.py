"""The application: every route, and the settings of Tornado that its defaults leave open."""

from __future__ import annotations

import logging
import re

from tornado import web

from handlers import (
    accounts,
    conversations,
    documents,
    downloads,
    groups,
    messages,
    operations,
    pages,
    socket,
    translations,
    uploads,
    users,
)
from handlers.base import UnknownRoute
from handlers.routes import Route
from handlers.server import Server
from handlers.underway import DrainableApplication
from handlers.web_client import WebClient, read_client
from realchat.metrics import count_request
from realchat.services import Services

logger = logging.getLogger("realchat.access")

# Seconds. Tornado's own are 3600 for headers and none for bodies, which lets
# anybody hold a connection for ever; uploads set a longer one for themselves.
IDLE_TIMEOUT = 75
BODY_TIMEOUT = 30
# Bytes that Tornado itself refuses with a bare 400. Every handler has a limit
# of its own and a proper answer, so this one must never be met first.
_NO_LIMIT = 1 << 50
# Headers up to this are read, so that handlers can refuse them with an answer;
# Tornado closes the connection of longer ones.
_MAX_HEADERS = 64 * 1024

ROUTES: list[Route] = [
    *operations.ROUTES,
    *accounts.ROUTES,
    *users.ROUTES,
    *groups.ROUTES,
    *conversations.ROUTES,
    *messages.ROUTES,
    *translations.ROUTES,
    *socket.ROUTES,
    *uploads.ROUTES,
    *downloads.ROUTES,
    *documents.ROUTES,
    *pages.ROUTES,
]

# The parameters of a path that may be logged; others are words, as a file's name is.
_IDS = re.compile(r"(dm:|group:)?[0-9a-f]{24}(:[0-9a-f]{24})?")
_CLIENT = read_client()
# A handler knows its parameters, not its route.
_TEMPLATES = {(route.handler, frozenset(route.parameters)): route.template for route in ROUTES}


def make_application(services: Services, client: WebClient = _CLIENT) -> DrainableApplication:
    """Build the application on its services, with the web client that it serves."""
    arguments = {"services": services}
    services.bus.subscribe(socket.ChatSocket.deliver)
    return DrainableApplication(
        [web.url(route.pattern, route.handler, arguments) for route in ROUTES],
        default_handler_class=UnknownRoute,
        default_handler_args=arguments,
        log_function=log_request,
        routes=tuple(ROUTES),
        client=client,
    )


def make_server(application: web.Application, body_timeout: float = BODY_TIMEOUT) -> Server:
    """Build the HTTP server with every limit set; times are in seconds."""
    return Server(
        application,
        idle_connection_timeout=IDLE_TIMEOUT,
        body_timeout=body_timeout,
        max_header_size=_MAX_HEADERS,
        max_body_size=_NO_LIMIT,
        max_buffer_size=16 * 1024 * 1024,
        chunk_size=64 * 1024,
    )


def log_request(handler: web.RequestHandler) -> None:
    """Write the one line of a request: its route and ids, nothing that people typed."""
    status = handler.get_status()
    seconds = handler.request.request_time()
    route, method = template_of(handler), method_of(handler)
    count_request(route, method, status, seconds)
    data = {
        "method": method,
        "route": route,
        **{name: text for name, text in parameters_of(handler).items() if _IDS.fullmatch(text)},
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    level = logging.ERROR if status >= 500 else logging.INFO
    logger.log(level, "request", extra={"data": data})


def template_of(handler: web.RequestHandler) -> str:
    """Return the template of the route that a handler answers for."""
    return _TEMPLATES.get((type(handler), frozenset(parameters_of(handler))), "unknown")


def parameters_of(handler: web.RequestHandler) -> dict[str, str]:
    """Return what a path's parameters are; none where they could not be decoded."""
    return getattr(handler, "path_kwargs", {})


def method_of(handler: web.RequestHandler) -> str:
    """Return the request's method, or `other` for one that nobody knows."""
    method = handler.request.method or ""
    return method if method in handler.SUPPORTED_METHODS else "other"
