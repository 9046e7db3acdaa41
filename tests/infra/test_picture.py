"""The picture of the architecture is drawn from the graph as it is."""

from tools.architecture import PICTURE, draw


def test_the_picture_shows_the_graph() -> None:
    assert PICTURE.read_text() == draw(), "draw it anew: python -m tools.architecture"
