import os
from pathlib import Path

import pytest

import hourgate_e2e

hourgate_e2e.resolve_localhost_here()


@pytest.fixture(scope="session")
def ca():
    """The certificate authority that certs/make made; HOURGATE_CA says where, once this file is somewhere else."""
    here = Path(__file__).resolve()
    return os.environ.get("HOURGATE_CA") or str(here.parents[4] / "certs/ca.pem")


@pytest.fixture
def idp(ca):
    """The identity provider. Time only goes forward, for sessions stay: give each test users of its own, not a fresh system."""
    return hourgate_e2e.Idp(ca)


@pytest.fixture
def browser(ca):
    """A new browser each time it is called."""
    return lambda: hourgate_e2e.Browser(ca)
