"""A sign of life that costs one `stat`, and that no clock but the one since boot can forge."""

from pathlib import Path

from vanta.governance.heartbeat import HEARTBEAT, NEVER_HEARD, Heartbeat, Silence

LIMIT = 1_000


class Boot:
    def __init__(self) -> None:
        self.now = 50_000

    def __call__(self) -> int:
        return self.now


def pair(memory: Path, boot: Boot, *, of: str = "this") -> tuple[Heartbeat, Silence]:
    return Heartbeat(memory, of, boot), Silence(memory, LIMIT, "this", boot)


def test_without_a_controller_there_is_silence(tmp_path: Path) -> None:
    assert pair(tmp_path, Boot())[1].lasts()


def test_it_lasts_when_no_sign_came_for_longer_than_the_limit(tmp_path: Path) -> None:
    boot = Boot()
    heart, silence = pair(tmp_path, boot)
    heart.beat()
    assert not silence.lasts()
    boot.now += LIMIT
    assert not silence.lasts()
    boot.now += 1
    assert silence.lasts()
    assert heart.silence(LIMIT) == LIMIT + 1
    assert heart.silence(LIMIT + 1) == 0
    heart.beat()
    assert not silence.lasts()
    assert heart.silence(LIMIT) == 0


def test_a_sign_of_another_boot_is_none(tmp_path: Path) -> None:
    """Its time since boot may look young or old: it says nothing about this one."""
    boot = Boot()
    heart, silence = pair(tmp_path, boot, of="the one before")
    heart.beat()
    assert silence.lasts()
    next_one = Heartbeat(tmp_path, "this", boot)
    assert next_one.silence(LIMIT) > 0, "readers say the same of this boot"
    next_one.beat()
    assert next_one.silence(LIMIT) == 0
    assert not silence.lasts()


def test_a_sign_that_is_yet_to_come_is_none(tmp_path: Path) -> None:
    """`touch` gives it today's date, and a copy of the folder too: decades after this boot."""
    boot = Boot()
    heart, silence = pair(tmp_path, boot)
    heart.beat()
    assert not silence.lasts()
    boot.now -= 1
    assert silence.lasts(), "not by the least"
    boot.now += 1
    assert not silence.lasts()
    (tmp_path / HEARTBEAT).touch()
    assert silence.lasted() == NEVER_HEARD
    assert silence.lasts()
    assert heart.silence(LIMIT) > 0, "readers say the same"
    heart.beat()
    assert not silence.lasts()
    assert heart.silence(LIMIT) == 0


def test_the_next_controller_is_heard_at_once(tmp_path: Path) -> None:
    boot = Boot()
    heart, silence = pair(tmp_path, boot)
    heart.beat()
    assert not silence.lasts()
    boot.now += 5 * LIMIT
    later = Heartbeat(tmp_path, "this", boot)
    assert later.silence(LIMIT) == 5 * LIMIT
    later.beat()
    assert not silence.lasts()


def test_a_file_taken_away_or_replaced_is_made_again(tmp_path: Path) -> None:
    heart, silence = pair(tmp_path, Boot())
    heart.beat()
    (tmp_path / HEARTBEAT).unlink()
    assert silence.lasts()
    heart.beat()
    assert not silence.lasts()
    (tmp_path / HEARTBEAT).unlink()
    (tmp_path / HEARTBEAT).symlink_to("elsewhere")
    assert silence.lasts()
    heart.beat()
    assert not silence.lasts()
    assert not (tmp_path / "elsewhere").exists()


def test_a_look_costs_one_stat(tmp_path: Path) -> None:
    heart, silence = pair(tmp_path, Boot())
    heart.beat()
    silence.lasts()
    (tmp_path / HEARTBEAT).write_bytes(b"")
    heart.beat()
    assert not silence.lasts(), "what it holds is read once"


def test_on_this_machine(tmp_path: Path) -> None:
    from vanta.governance.clock import boot_id  # noqa: PLC0415 - of this machine alone

    Heartbeat(tmp_path, boot_id()).beat()
    assert not Silence(tmp_path, 60 * 10**9).lasts()
