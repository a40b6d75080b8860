"""The real program as a child process, as `torture` starts it too."""

from __future__ import annotations

from torture.processes import LEASH as LEASH
from torture.processes import PATIENCE as PATIENCE
from torture.processes import ROOT as ROOT
from torture.processes import ServerProcess as ServerProcess
from torture.processes import free_port as free_port
from torture.processes import is_alive as is_alive
from torture.processes import wait_until as wait_until
