"""Double precision by default, so that torch's own counters are exact enough to compare with."""

import pytest


@pytest.fixture
def double():
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
