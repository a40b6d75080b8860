"""What those who are connected see of a planned stop."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import register
from processes import ServerProcess
from sockets import device
from tornado.httpclient import AsyncHTTPClient


@pytest.mark.gen_test(timeout=60)
async def test_a_stop_tells_connections_to_come_back(tmp_path: Path) -> None:
    http = AsyncHTTPClient(force_instance=True)
    with ServerProcess(tmp_path) as server:
        ana = await register(http, server.url)
        async with device(ana) as phone:
            server.process.terminate()
            assert await phone.closed() == 1012
        assert server.wait() == 0
    http.close()
