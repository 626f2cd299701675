"""Two small models, and their data, which come with scikit-learn and Python.

The tests of `nadamkit.torch` train them too.
"""

from __future__ import annotations

import codecs
import contextlib
import io

import torch
from torch import nn

#: Images or windows of text in a batch.
BATCH, WINDOW = 64, 32


def text():
    """The Zen of Python."""
    with contextlib.redirect_stdout(io.StringIO()):
        import this
    return codecs.decode(this.s, "rot13")


class Characters(nn.Module):
    """Two LSTM layers that predict the next character."""

    def __init__(self, kinds):
        super().__init__()
        self.embedding = nn.Embedding(kinds, 16)
        self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True)
        self.head = nn.Linear(32, kinds)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0]).flatten(0, 1)


def images(dtype):
    """A convolutional network, and ``batch(t) -> (images, digits)``."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=dtype).reshape(-1, 1, 8, 8) / 16.0
    y = torch.tensor(y)
    net = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10)),
    )

    def batch(t):
        chosen = torch.arange(t * BATCH, (t + 1) * BATCH) % len(x)
        return x[chosen], y[chosen]

    return net, batch


def characters(dtype):
    """The LSTM, and ``batch(t) -> (windows, their next characters)``."""
    written = text()
    kinds = sorted(set(written))
    codes = torch.tensor([kinds.index(c) for c in written])
    net = Characters(len(kinds))

    def batch(t):
        starts = (torch.arange(16) * 53 + 7 * t) % (len(codes) - WINDOW - 1)
        windows = codes[starts[:, None] + torch.arange(WINDOW + 1)]
        return windows[:, :-1], windows[:, 1:].flatten()

    return net, batch


TASKS = {"digits": images, "characters": characters}


def prepared(task, dtype, make):
    """A model with fixed first parameters: ``step(t) -> loss``, model and optimizer.

    ``make(parameters)`` makes the optimizer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net, batch = TASKS[task](dtype)
    net.to(dtype)
    optimizer = make(net.parameters())

    def step(t):
        x, y = batch(t)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step, net, optimizer
