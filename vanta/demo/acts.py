"""The acts about trading and audit: founding, trading, killing, and asking why."""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter

from vanta.demo.ledger import Tally, of
from vanta.demo.play import Play
from vanta.demo.stage import ENVIRONMENT, NODES, PEOPLE, POLL_MS
from vanta.governance.published import VAULT_FILE, PolicyReader

_KILLS = 3
_PATIENCE = 60.0
"""Seconds Markets and a restarting Executor may take over the last stretch."""


def found_the_fund(play: Play) -> None:
    """Three people, three nodes, one governance repository."""
    stage, story = play.stage, play.stage.story
    story.act("A fund is founded")
    for folder in ("logs", "people"):
        (stage.root / folder).mkdir()
    for person in PEOPLE:
        stage.keygen(person)
    story.tell("Ada, Grace and Alan each have an SSH key. Three nodes each make their own.")
    for node in NODES:
        extra = [] if node == "alpha" else ["--bus", "bus"]
        extra += ["--broker", "broker"] if node == "executor" else []
        stage.vanta(
            "node", "init", f"nodes/{node}", "--role", node, "-e", ENVIRONMENT,
            "--remote", str(stage.forge), "--poll-ms", str(POLL_MS[node]), *extra, quiet=True,
        )  # fmt: skip
    people = [f"--person={p}={p}@fund.example=people/{p}.pub" for p in PEOPLE]
    nodes = [f"--node=nodes/{node}" for node in NODES]
    stage.vanta("governance", "init", "governance", "--key", "people/ada", *people, *nodes)
    stage.git("clone", "--quiet", "--bare", "governance", "forge.git", at=stage.root)
    stage.git("remote", "add", "origin", str(stage.forge), quiet=True)
    for node in NODES:
        stage.start(f"controller-{node}", "governance", "controller", "--node", f"nodes/{node}")
    took = stage.wait(
        "every node to enforce the introduction",
        lambda: all((stage.node(n).memory / VAULT_FILE).exists() for n in NODES),
    )
    readers = {n: PolicyReader(stage.node(n).memory)().provenance.tree for n in NODES}
    story.promise(
        "three nodes enforce the same pinned policy, each by its own reading of Git",
        held=len(set(readers.values())) == 1,
        seen=f"tree {readers['executor'][:12]} on all of them, {took:.1f} s after they started",
    )


def trade(play: Play) -> None:
    """Signals become convictions, intents and governed orders."""
    stage, story = play.stage, play.stage.story
    story.act("Signals become governed orders")
    since, until = play.feeds.stretches[0][0], play.feeds.stretches[-1][1]
    stage.vanta(
        "markets", "tape", "--feeds", str(play.feeds.folder), "--out", "broker/tape.jsonl",
        "--from", since, "--to", until,
    )  # fmt: skip
    stage.start("broker", "broker", "paper", "broker")
    stage.start("judge", "executor", "judge", "--node", "nodes/executor")
    stage.start("comparison", "executor", "surveil", "--node", "nodes/executor")
    stage.start("executor", "executor", "run", "--node", "nodes/executor")
    stage.vanta(*play.market(0))
    play.settle()
    tally = Tally(play.trades())
    decided, asked = play.decisions()
    story.promise(
        "every intent is decided exactly once, with a verdict and every reason",
        held=decided == Counter(asked) and play.refused() == 0,
        seen=f"{len(tally.decisions)} intents: {len(tally.accepted)} accepted, "
        f"{len(tally.denied)} denied",
    )
    story.promise(
        "orders reach the paper broker and fill, in parts, with fees",
        held=bool(tally.fills) and all(fill["fee"] > 0 for fill in tally.fills),
        seen=f"{len(tally.prepared)} orders, {len(tally.fills)} fills",
    )


def kill_nine(play: Play) -> None:
    """`kill -9` in the middle of sending loses nothing and doubles nothing."""
    stage, story = play.stage, play.stage.story
    story.act("kill -9 in the middle")
    log = stage.node("executor").journal("trade_log")
    done = log.stat().st_size
    stage.start("markets", *play.market(3))
    kills, deadline = 0, time.monotonic() + _PATIENCE
    while (
        time.monotonic() < deadline
        and kills < _KILLS
        and (stage.alive("markets") or play.undecided())
    ):
        size = log.stat().st_size
        if size > done:
            done = size
            stage.kill("executor")
            kills += 1
            stage.start("executor", "executor", "run", "--node", "nodes/executor")
        time.sleep(0.002)
    stage.wait("Markets to finish", lambda: not stage.alive("markets"), 90)
    play.settle()
    tally = Tally(play.trades())
    broker = play.at_broker()
    sent = Counter(taken["order"]["client_order_id"] for taken in of(broker, "paper.taken"))
    withheld = {w["client_order_id"] for w in of(play.trades(), "order.withheld")}
    lost = set(tally.prepared) - set(sent) - withheld
    doubled = [name for name, times in sent.items() if times > 1]
    decided, asked = play.decisions()
    stage.story.figure("kill -9", f"{kills} times")
    story.promise(
        "kill -9 of the Executor loses no order and doubles none",
        held=kills > 0 and not lost and not doubled and decided == Counter(asked),
        seen=f"kills: {kills}; {len(sent)} orders at the broker, {len(tally.prepared)} in "
        f"the journal, {len(lost)} lost, {len(doubled)} doubled; "
        f"{decided.total()} decisions of {len(asked)} intents",
    )  # fmt: skip
    filled = sum(fill["quantity"] for fill in tally.fills)
    theirs = sum(each["fill"]["quantity"] for each in of(broker, "paper.filled"))
    story.promise(
        "the book and the broker agree on every share",
        held=filled == theirs,
        seen=f"{len(tally.fills)} fills on both sides",
    )
    alerts = json.loads(
        stage.vanta("executor", "alerts", "--node", "nodes/executor", "--json", expect=(0, 3))
    )["standing"]
    story.promise(
        "intents, orders and the broker's statement were compared all along, and nothing differs",
        held=stage.alive("comparison") and alerts == [],
        seen=f"{len(alerts)} mismatches while the Executor was killed and orders were sent",
    )


def audit(play: Play) -> str:
    """Verify, explain, replay, export; and one flipped byte is caught."""
    stage, story = play.stage, play.stage.story
    story.act("Everything can be checked afterwards")
    for node in NODES:
        stage.vanta("node", "checkpoint", "--node", f"nodes/{node}", quiet=True)
    nodes = [part for node in NODES for part in ("--node", f"nodes/{node}")]
    verified = stage.vanta("audit", "verify", *nodes)
    story.promise(
        "every byte of every journal, view and signature verifies",
        held=verified.count("sound") == len(NODES),
        seen=f"{verified.count('sound')} of {len(NODES)} nodes sound, checkpoints signed",
    )
    explanation = stage.vanta("audit", "explain", "last", *nodes, quiet=True)
    story.typed(stage.shown(["vanta", "audit", "explain", "last", *nodes]))
    stage.vanta("audit", "explain", "last", *nodes, "--page", "why.html", quiet=True)
    # A terminal may break a line of the tree anywhere.
    unwrapped = " ".join(explanation.replace("│", " ").split())
    story.promise(
        "an order explains itself, back to the signals that caused it",
        held=all(word in unwrapped for word in ("harvest #", "reflection #", "trade_log #")),
        seen=explanation.splitlines()[0] + "; see why.html",
    )
    replayed = stage.vanta("audit", "replay", *nodes)
    story.promise(
        "every pure step, decided again in a fresh process, gives the same bytes",
        held=", 0 differ: everything" in replayed,
        seen=replayed.strip().splitlines()[-1],
    )
    _flip(play)
    _outsider(play, nodes)
    return explanation


def _flip(play: Play) -> None:
    stage, story = play.stage, play.stage.story
    copy = stage.root / "tampered" / "executor"
    # Not the mirror and the sockets: the controller is running, and fetches come and go.
    left = shutil.ignore_patterns("keys", "governance.git", "run")
    shutil.copytree(stage.node("executor").root, copy, ignore=left)
    path = copy / "memory" / "trade_log.jsonl"
    content = bytearray(path.read_bytes())
    place = content.index(b'"quantity":', len(content) // 2) + len(b'"quantity":')
    content[place] = ord("9") if content[place] != ord("9") else ord("8")
    path.write_bytes(content)
    found = stage.vanta("audit", "verify", "--node", "tampered/executor", expect=(1,))
    line = bytes(content[:place]).count(b"\n") + 1
    story.promise(
        "one flipped byte is caught, and its place is named",
        held=f"trade_log.jsonl:{line}" in found,
        seen=f"a digit of line {line} was changed in a copy; verify names that line",
    )


def _outsider(play: Play, nodes: list[str]) -> None:
    stage, story = play.stage, play.stage.story
    stage.vanta("audit", "export", *nodes, "--out", "bundle.tar.gz")
    stage.unpack("bundle.tar.gz", "outsider")
    script = next((stage.root / "outsider").rglob("verify_bundle.py"))
    done = subprocess.run(
        [sys.executable, "-I", str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    story.said(done.stdout + done.stderr)
    secrets = [
        path.name
        for path in (stage.root / "outsider").rglob("*")
        if path.is_file() and b"PRIVATE KEY-----" in path.read_bytes()
    ]
    said = [line.strip() for line in done.stdout.splitlines() if "VERDICT" in line]
    story.promise(
        "an outsider verifies the exported bundle without VANTA, and it holds no private key",
        held=done.returncode == 0 and not secrets and len(said) == 1,
        seen=said[0].split(". ")[0] if said else "it said nothing",
    )
