"""What a test needs of the machine and cannot bring along."""

from __future__ import annotations

import os

import pytest

# Set where all has been installed that a run needs: what lacks then is an error.
_REQUIRED = "ENGINES_REQUIRED"


def require(there: bool, what: str) -> None:
    """Skip the test where a part is not there, saying `what`; fail it where it has to be."""
    if there:
        return
    if os.environ.get(_REQUIRED):
        pytest.fail(f"{what} ({_REQUIRED} is set)", pytrace=False)
    pytest.skip(what)
