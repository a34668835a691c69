"""Homes of embedded services of their own, apart from those that the whole run works on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.text import language
from tests.runtime.homes import Homes, held, remove_forgotten, short_folder


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Messages in the language of their source."""
    before = language.set("en")
    yield
    language.reset(before)


@pytest.fixture(scope="session")
def seed_home() -> Iterator[Path]:
    """A home whose services have run once and stopped: making one takes longer than copying it."""
    remove_forgotten()
    homes = Homes(folder=short_folder())
    try:
        home = homes.new()
        with held(home):
            pass
        homes.clear_services()
        yield home
    finally:
        homes.clear()


@pytest.fixture
def homes(seed_home: Path) -> Iterator[Homes]:
    """Homes for one test, all gone afterwards with everything that ran in them."""
    homes = Homes(folder=short_folder(), seed=seed_home)
    umask = os.umask(0o022)
    try:
        yield homes
    finally:
        os.umask(umask)
        homes.clear()
