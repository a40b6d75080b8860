"""The application: every route, and the settings of Tornado that its defaults leave open."""

from __future__ import annotations

import logging
import time

from tornado import web
from tornado.httpserver import HTTPServer

from handlers import operations
from handlers.base import UnknownRoute
from handlers.routes import Route
from realchat.services import Services

logger = logging.getLogger("realchat.access")

# Seconds. Tornado's own are 3600 for headers and none for bodies, which lets
# anybody hold a connection for ever; uploads set a longer one for themselves.
IDLE_TIMEOUT = 75
BODY_TIMEOUT = 30
# Bytes that Tornado itself refuses with a bare 400. Every handler has a limit
# of its own and a proper answer, so this one must never be met first.
_NO_LIMIT = 1 << 50
_MAX_HEADERS = 32 * 1024

ROUTES: list[Route] = [
    *operations.ROUTES,
]


def make_application(services: Services) -> web.Application:
    """Build the application on its services."""
    arguments = {"services": services}
    return web.Application(
        [web.url(route.pattern, route.handler, arguments) for route in ROUTES],
        default_handler_class=UnknownRoute,
        default_handler_args=arguments,
        log_function=log_request,
        websocket_max_message_size=64 * 1024,
        websocket_ping_interval=25,
        websocket_ping_timeout=20,
    )


def make_server(application: web.Application) -> HTTPServer:
    """Build the HTTP server with every limit set."""
    return HTTPServer(
        application,
        idle_connection_timeout=IDLE_TIMEOUT,
        body_timeout=BODY_TIMEOUT,
        max_header_size=_MAX_HEADERS,
        max_body_size=_NO_LIMIT,
        max_buffer_size=16 * 1024 * 1024,
        chunk_size=64 * 1024,
    )


def log_request(handler: web.RequestHandler) -> None:
    """Write the one line of a request: no query string, for it may hold what people typed."""
    status = handler.get_status()
    data = {
        "method": handler.request.method,
        "path": handler.request.path,
        "status": status,
        "ms": round((time.time() - handler.request._start_time) * 1000, 1),
    }
    level = logging.ERROR if status >= 500 else logging.INFO
    logger.log(level, "request", extra={"data": data})
