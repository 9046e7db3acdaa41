"""Two packs for the session: one that previews, one that updates; stacks recorded for all."""

from collections.abc import Iterator

import pytest

from tests.infra.sharing import workers_share  # noqa: F401 - a fixture
from tests.policies.infrastructure.engine import Engine, engine


@pytest.fixture(scope="session")
def update_pack() -> Iterator[Engine]:
    """The pack as `pulumi up` has it while it makes things."""
    with engine(preview=False) as running:
        yield running


@pytest.fixture(scope="session")
def preview_pack() -> Iterator[Engine]:
    """The pack as `pulumi preview` has it."""
    with engine(preview=True) as running:
        yield running


@pytest.fixture
def updating(update_pack: Engine) -> Iterator[Engine]:
    """The updating pack, which is told nothing beyond the test."""
    yield update_pack
    if update_pack.told:
        update_pack.configure({})


@pytest.fixture
def previewing(preview_pack: Engine) -> Iterator[Engine]:
    """The previewing pack, which is told nothing beyond the test."""
    yield preview_pack
    if preview_pack.told:
        preview_pack.configure({})
