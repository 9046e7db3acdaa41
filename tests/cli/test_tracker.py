"""The tracker as its operators type it: its own names, several at once, from start to end."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from tests.alpha.building import Alpha
from tests.alpha.governed import copied, govern
from tests.cli.founded import environment
from vanta.alpha.tracker.desk import look
from vanta.builds.release import check_artefact, read_release
from vanta.cli import main
from vanta.journal.reader import read

BIN = Path(sys.executable).parent
NAMES = {
    "vt-add": "add", "vt-list": "list", "vt-open": "open", "vt-mark": "mark", "vt-note": "note",
    "vt-fix": "fix", "vt-sign": "sign", "vt-withdraw": "withdraw", "tracker_viewer": "board",
    "tracker_status_summary": "summary",
}  # fmt: skip


@pytest.fixture(scope="session")
def governed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return govern(tmp_path_factory.mktemp("governed") / "fund")


@pytest.fixture
def alpha(governed_once: Path, tmp_path: Path) -> Alpha:
    return copied(governed_once, tmp_path / "alpha")


def typed(alpha: Alpha, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """A command as an operator of that node types it."""
    return subprocess.run(
        [BIN / words[0], *words[1:]],
        cwd=alpha.root,
        env=environment(VANTA_NODE=str(alpha.root), **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def does(alpha: Alpha, *words: str) -> str:
    done = typed(alpha, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fails(alpha: Alpha, *words: str) -> str:
    done = typed(alpha, *words)
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_from_a_thread_to_a_promoted_build_and_back(alpha: Alpha) -> None:
    build = alpha.candidate()
    assert "T-1 opened" in does(alpha, "vt-add", "rerank", "Ties are dropped", "-s", "high")
    assert "vt-sign T-1 -k KEY" in does(alpha, "vt-fix", "T-1", "-b", build)
    refused = fails(alpha, "vt-mark", "T-1", "approved")
    assert "[APPROVAL_UNSIGNED]" in refused
    assert "try: vt-sign T-1 -k KEY" in refused

    first = does(alpha, "vt-sign", "T-1", "-k", "grace")
    assert "1 of 2 count; ask alan" in first
    assert "[NOT_APPROVED]" in fails(alpha, "vt-mark", "T-1", "promoted")
    own = does(alpha, "vt-sign", "T-1", "-k", "ada")
    assert "nobody reviews what they built [BUILT_IT]" in own
    assert "[UNKNOWN_SIGNER]" in fails(alpha, "vt-sign", "T-1", "-k", "mallory")
    second = does(alpha, "vt-sign", "T-1", "-k", "alan")
    assert "approved: 2 of 2, grace, alan" in second
    assert f"vanta build release {build}" in second

    assert "approved" in does(alpha, "vt-list")
    shown = does(alpha, "vt-open", "T-1")
    assert "built by ada" in shown
    assert re.search(r"grace signed \d+ s ago with SHA256:\S+, counts", shown)
    assert "T-1 is promoted" in does(alpha, "vt-mark", "T-1", "promoted")
    assert "[NO_REASON]" in fails(alpha, "vt-mark", build, "rolled_back")
    does(alpha, "vt-mark", build, "rolled_back", "--why", "ImportError: no Sector")
    assert "rolled back for" in does(alpha, "vt-open", build)
    does(alpha, "tracker_viewer")
    assert "ImportError: no Sector" in (alpha.root / "run" / "board.html").read_text()


def test_no_build_is_released_past_the_tracker(alpha: Alpha) -> None:
    build = alpha.candidate()
    signoffs = alpha.folder(build) / "signoffs"
    signoffs.mkdir()
    for who in ("grace", "alan"):
        (signoffs / f"{who}.sig").write_bytes(alpha.armour(who, build))
    release = ("vanta", "build", "release", build)
    assert "[UNTRACKED]" in fails(alpha, *release)
    does(alpha, "vt-add", "rerank", "Ties are dropped", "--candidate", build)
    assert "[UNAPPROVED]" in fails(alpha, *release)
    assert not (alpha.root / "build" / "releases").exists()
    for who in ("grace", "alan"):
        does(alpha, "vt-sign", "T-1", "--key", who)
    assert "signed off by alan and grace" in does(alpha, *release)
    assert (alpha.root / "build" / "releases" / build / "artefact.tar").exists()


def test_who_releases_at_the_same_time_leaves_one_whole_release(alpha: Alpha) -> None:
    build = alpha.candidate()
    does(alpha, "vt-add", "rerank", "Ties are dropped", "--candidate", build)
    for who in ("grace", "alan"):
        does(alpha, "vt-sign", "T-1", "--key", who)
    with ThreadPoolExecutor(4) as operators:
        words = ("vanta", "build", "release", build)
        ended = list(operators.map(lambda _: typed(alpha, *words), range(4)))
    assert 0 in {one.returncode for one in ended}
    for one in ended:
        assert one.returncode == 0 or "[JOURNAL_LOCKED]" in one.stderr, one.stderr
    release = read_release(alpha.root / "build" / "releases" / build)
    check_artefact(release.folder / "artefact.tar", release.manifest)
    types = [record.type for record in read(alpha.layout.journal("builds"))]
    assert types.count("build.released") == sum(one.returncode == 0 for one in ended)
    does(alpha, "vt-withdraw", build, "alan", "--why", "the wrong branch")
    assert read_release(release.folder).signoffs.keys() == {"grace.sig"}


def test_a_signature_made_elsewhere_is_carried_in(alpha: Alpha) -> None:
    build = alpha.candidate()
    does(alpha, "vt-add", "rerank", "Ties are dropped", "-b", build)
    manifest = alpha.folder(build) / "manifest.json"
    carried = alpha.root / "grace.sig"
    with manifest.open("rb") as given, carried.open("wb") as made:
        subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-q", "-n", "vanta-review", "-f", alpha.root / "grace"],
            stdin=given, stdout=made, check=True,
        )  # fmt: skip
    told = does(alpha, "vt-sign", build, "--signature", "grace.sig")
    assert f"grace signed {build} off" in told
    assert f"grace signed {build} off already" in does(alpha, "vt-sign", "T-1", "-k", "grace")
    does(alpha, "vt-withdraw", "T-1", "grace", "--why", "too early")
    assert "[WITHDRAWN]" in fails(alpha, "vt-sign", "T-1", "--signature", "grace.sig")


def test_a_refused_candidate_leaves_no_thread_behind(alpha: Alpha) -> None:
    assert "[NO_CANDIDATE]" in fails(alpha, "vt-add", "rerank", "Ties", "-b", "nothing")
    assert look(alpha.layout)[0].threads == {}


def test_every_command_speaks_json(alpha: Alpha) -> None:
    build = alpha.candidate()
    for words in (
        ("vt-add", "rerank", "Ties are dropped", "--note", "see the log"),
        ("vt-note", "T-1", "more"),
        ("vt-fix", "T-1", "-b", build, "-c", "a" * 40, "-o", "ada"),
        ("vt-sign", "T-1", "-k", "grace"),
        ("vt-mark", "T-1", "changes_wanted", "-w", "not yet"),
        ("vt-withdraw", "T-1", "grace", "-w", "not yet"),
        ("vt-list", "--all"),
        ("vt-open", "T-1"),
        ("tracker_status_summary",),
        ("tracker_viewer",),
        ("vanta-thread", "list"),
        ("tracker_manager", "open", "T-1"),
    ):
        done = typed(alpha, *words, "--json")
        assert (done.returncode, done.stderr) == (0, ""), words
        assert json.loads(done.stdout), words


def test_a_name_is_a_command_of_the_tracker_and_nothing_else() -> None:
    installed = {one.name: one for one in entry_points(group="console_scripts")}
    group = typer.main.get_command(main.app).commands["tracker"]  # type: ignore[attr-defined]
    assert set(group.commands) - set(NAMES.values()) == {"observe"}
    for name, command in NAMES.items():
        alone = typer.main.get_command(installed[name].load())
        ours = group.commands[command]
        assert alone.help == ours.help
        offered = [each.opts for each in alone.params if "completion" not in str(each.opts)]
        assert offered == [each.opts for each in ours.params]
    for name in ("vanta-thread", "tracker_manager"):
        whole = typer.main.get_command(installed[name].load())
        assert set(whole.commands) == set(group.commands)  # type: ignore[attr-defined]


def completed(alpha: Alpha, words: str, at: int) -> list[str]:
    """What bash would offer."""
    name = words.split(maxsplit=1)[0]
    variable = f"_{name.replace('-', '_')}_COMPLETE".upper()
    more = {variable: "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    return typed(alpha, name, **more).stdout.split()


def test_a_shell_completes_threads_builds_statuses_and_modules(alpha: Alpha) -> None:
    build = alpha.candidate()
    does(alpha, "vt-add", "rerank", "Ties are dropped")
    does(alpha, "vt-add", "router", "Fills are lost")
    does(alpha, "vt-mark", "T-2", "closed")
    # bash is given what it can insert; the other shells show what each is about.
    assert completed(alpha, "vt-open T", 1) == ["T-1"]
    assert completed(alpha, "vt-mark T-1 ch", 2) == ["changes_wanted"]
    assert completed(alpha, "vt-fix T-1 --candidate 0", 3) == [build]
    assert completed(alpha, "vt-add r", 1) == ["rerank", "router"]
    assert completed(alpha, "vt-list --severity c", 2) == ["critical"]


def test_what_somebody_typed_does_not_steer_a_terminal(alpha: Alpha) -> None:
    does(alpha, "vt-add", "\x1b]0;taken\x07", "\x1b[2J[red]title", "-o", "\x9b31m")
    does(alpha, "vt-note", "T-1", "line\n\x1b[31mred")
    for words in (("vt-list",), ("vt-open", "T-1"), ("tracker_status_summary",)):
        told = does(alpha, *words)
        assert not set(told) & {"\x1b", "\x07", "\x9b"}
        assert words == ("tracker_status_summary",) or "[red]title" in told


def test_the_worst_and_oldest_come_first_and_the_rest_is_counted(alpha: Alpha) -> None:
    for number, severity in enumerate(("low", "critical", "high", "critical")):
        does(alpha, "vt-add", "rerank", f"Number {number}", "-s", severity)
    lines = does(alpha, "vt-list", "--limit", "3").splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["T-2", "T-4", "T-3"]
    assert lines[4] == "and 1 more: --limit 0 shows them"
    assert len(does(alpha, "vt-list", "-s", "high").splitlines()) == 4
    assert "Number 2" in does(alpha, "vt-list", "-q", "NUMBER 2")
    assert does(alpha, "vt-list", "-q", "nothing says this").startswith("no thread")


def test_what_is_over_is_shown_when_it_is_asked_for(alpha: Alpha) -> None:
    does(alpha, "vt-add", "rerank", "Ties are dropped")
    does(alpha, "vt-mark", "T-1", "closed")
    assert does(alpha, "vt-list") == "no thread is open; --all shows the others\n"
    assert "T-1" in does(alpha, "vt-list", "--all")
    assert "T-1" in does(alpha, "vt-list", "--status", "closed")


def test_wrong_words_are_usage(alpha: Alpha) -> None:
    does(alpha, "vt-add", "rerank", "Ties are dropped")
    for words in (
        ("vt-mark", "T-1", "finished"),
        ("vt-add", "rerank", "x", "-s", "dreadful"),
        ("vt-fix", "T-1"),
        ("vt-fix", "T-1", "-c", "HEAD"),
        ("vt-sign", "T-1"),
        ("vt-sign", "T-1", "-k", "grace", "--signature", "x"),
    ):
        assert typed(alpha, *words).returncode == 2, words


def test_several_operators_at_once_each_get_a_thread_of_their_own(alpha: Alpha) -> None:
    running = [
        subprocess.Popen(
            [BIN / "vt-add", "rerank", f"Number {number}", "--json"],
            env=environment(VANTA_NODE=str(alpha.root)),
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    made = [json.loads(one.communicate(timeout=60)[0]) for one in running]
    assert {one["id"] for one in made} == {f"T-{n + 1}" for n in range(6)}
    state, _ = look(alpha.layout)
    assert {state.threads[one["id"]].title for one in made} == {f"Number {n}" for n in range(6)}
