"""A whole OpenStack Swift in one process: account, container and object server, the proxy, S3.

`serve.py FOLDER PORT KEY SECRET`, run by the environment beside it. The proxy
checks S3's signatures; the key it knows is `chat:KEY`.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import eventlet
from eventlet import wsgi
from swift.account.server import AccountController
from swift.common import utils
from swift.common.middleware import catch_errors, gatekeeper, listing_formats, slo, tempauth
from swift.common.middleware.s3api import s3api
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol
from swift.container.server import ContainerController
from swift.obj.server import ObjectController
from swift.proxy.server import Application

_LOCAL = "127.0.0.1"
_DEVICE = "device"
_SERVERS = {
    "account": AccountController,
    "container": ContainerController,
    "object": ObjectController,
}
# From the innermost, which is nearest to the servers, outwards.
_MIDDLEWARES = (slo, tempauth, s3api, listing_formats, gatekeeper, catch_errors)
_SILENT = logging.getLogger("silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def main(folder: Path, port: int, key: str, secret: str) -> None:
    """Serve until the process is ended."""
    utils.HASH_PATH_SUFFIX = b"tests"
    (folder / _DEVICE).mkdir(parents=True, exist_ok=True)
    settings = {
        "swift_dir": str(folder),
        "devices": str(folder),
        "mount_check": "false",
        "fallocate_reserve": "0",
        "account_autocreate": "true",
        # Seconds. What is late on a busy machine would be listed later, by a program
        # that does not run here.
        "conn_timeout": "20",
        "node_timeout": "20",
        "container_update_timeout": "20",
        f"user_chat_{key}": f"{secret} .admin",
    }
    for kind, controller in _SERVERS.items():
        listener = eventlet.listen((_LOCAL, 0))
        _write_ring(folder / f"{kind}.ring.gz", listener.getsockname()[1])
        eventlet.spawn(_serve, listener, controller(settings))
    application = Application(settings)
    for middleware in _MIDDLEWARES:
        application = middleware.filter_factory(settings)(application)
    _serve(eventlet.listen((_LOCAL, port)), application)


def _write_ring(path: Path, port: int) -> None:
    """Tell where everything of one kind is: all of it on one server."""
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    place = {"ip": _LOCAL, "port": port, "device": _DEVICE}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, **place})
    builder.rebalance()
    builder.get_ring().save(str(path))


def _serve(listener: Any, application: Any) -> None:
    wsgi.server(listener, application, _SILENT, protocol=SwiftHttpProtocol, log_output=False)


if __name__ == "__main__":
    eventlet.monkey_patch()
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
