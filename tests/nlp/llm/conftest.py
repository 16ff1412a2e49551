import pytest
import torch

from .fake_server import FakeServer


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running
