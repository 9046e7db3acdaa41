"""The acts about governance: halting, resuming, an unsigned commit, a hand edit."""

import time
from pathlib import Path

from vanta.demo.ledger import denied_for, of
from vanta.demo.play import IN, Play
from vanta.demo.stage import ENVIRONMENT, POLL_MS
from vanta.governance.authoring import Desk
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, PolicyReader

_MILLI = 1_000_000
_AT_ONCE = 5_000
"""Milliseconds a halt may take before the promise counts as broken on any machine."""


def halt(play: Play) -> None:
    """One signed commit stops the very next order."""
    stage, story = play.stage, play.stage.story
    story.act("One signature stops the very next order")
    before = len(of(play.trades(), "decision.made"))
    shown = ["vanta", "halt", *IN, "-k", "people/grace", "--switch", "orders_disabled"]
    story.typed(stage.shown([*shown, "--reason", "prices look wrong"]))
    desk = Desk(stage.governance, ENVIRONMENT, stage.key("grace"), time.time_ns())
    entry = {"switch": "orders_disabled", "reason": "prices look wrong"}
    signed = desk.halt(entry, "origin", "main")
    pushed = time.time_ns()
    enforced = (play.adopted(signed.commit) - pushed) / _MILLI
    story.said(f"commit {signed.commit[:12]} by {signed.signer}: {signed.detail}")
    story.figure("push to enforced", f"{enforced:,.0f} ms")
    story.promise(
        "a halt needs one signature and is in force at once",
        held=play.landed(signed.commit) and enforced < _AT_ONCE,
        seen=f"push to enforced by the Executor: {enforced:,.0f} ms, "
        f"polling every {POLL_MS['executor']} ms",
    )
    stage.vanta(*play.market(1))
    play.settle()
    during = of(play.trades(), "decision.made")[before:]
    stopped = [d for d in during if any("ORDERS_DISABLED" in c for c in denied_for(d))]
    story.promise(
        "the very next order is stopped, and every one after it",
        held=bool(during) and len(stopped) == len(during),
        seen=f"{len(stopped)} of {len(during)} new intents denied because of the switch",
    )


def resume(play: Play) -> None:
    """Loosening takes two, and says whose approval is missing."""
    stage, story = play.stage, play.stage.story
    story.act("Resuming takes two people")
    stage.vanta("resume", *IN, "-k", "people/ada", "--reason", "the prices were checked")
    play.pull()
    receipt = play.outcome(play.head())
    plan = stage.vanta("governance", "plan", *IN, "--trust", "governance.trust.json", expect=(3,))
    on = _orders_disabled(play)
    story.promise(
        "a resume with one signature is refused and names whose is missing",
        held=receipt["verdict"] == "refused"
        and receipt["reason"] == "QUORUM_MISSING"
        and "alan, grace" in receipt["message"]
        and "1 more of alan, grace" in plan
        and on,
        seen=receipt["message"],
    )
    commit = play.second("alan")
    receipt = play.outcome(commit)
    play.adopted(commit)
    story.promise(
        "with the second signature it is applied",
        held=receipt["verdict"] == "applied" and not _orders_disabled(play),
        seen=f"approved by {' and '.join(receipt['approvers'])}",
    )
    before = len(of(play.trades(), "order.prepared"))
    stage.vanta(*play.market(2))
    play.settle()
    prepared = len(of(play.trades(), "order.prepared")) - before
    story.promise("orders flow again", held=prepared > 0, seen=f"{prepared} new orders")


def _orders_disabled(play: Play) -> bool:
    policy = play.policy()
    return policy.overlay.everywhere.orders_disabled > 0


def poison(play: Play) -> None:
    """An unsigned commit changes nothing, and a halt on top of it still lands."""
    stage, story = play.stage, play.stage.story
    story.act("An unsigned commit changes nothing")
    vault = stage.governance / "environments" / ENVIRONMENT / "vaults" / "momentum-us.yaml"
    original = vault.read_text()
    capital = play.policy().vaults["momentum-us"].capital
    vault.write_text(original.replace("capital: 1000000", "capital: 1400000"))
    stage.git(
        "-c", "user.name=Mallory", "-c", "user.email=m@example.org", "-c", "commit.gpgsign=false",
        "commit", "--quiet", "--all", "-m", "More capital",
    )  # fmt: skip
    stage.git("push", "--quiet", "origin", "main")
    bad = play.outcome(play.head())
    after = play.policy().vaults["momentum-us"].capital
    story.promise(
        "a commit that nobody who counts has signed changes nothing",
        held=bad["verdict"] == "refused" and bad["reason"] == "UNSIGNED" and capital == after,
        seen=f"{bad['verdict']}, {bad['reason']}; momentum-us keeps its capital",
    )
    stage.vanta("halt", *IN, "-k", "people/grace", "--reason", "somebody pushed without a key")
    play.pull()
    play.outcome(play.head())
    policy = play.policy()
    halted = policy.overlay.everywhere.full_halt > 0
    untouched = policy.vaults["momentum-us"].capital == capital
    story.promise(
        "a halt on top of it lands, and carries none of it along",
        held=halted and untouched and play.landed(play.head()),
        seen="full_halt is on, the unsigned capital is not in force",
    )
    play.outcome(play.head(), "markets")
    collected = stage.vanta(*play.market(2, "1d"), quiet=True)
    story.promise(
        "the same halt stops the collectors on another node",
        held="COLLECTORS_HALTED" in collected,
        seen="Markets refuses to call out while full_halt is on",
    )
    story.tell("Ada throws the unsigned change out and resumes; Alan agrees.")
    vault.write_text(original)
    stage.vanta(
        "governance", "propose", *IN, "-k", "people/ada", "-m", "Throw the unsigned change out",
        "--push", quiet=True,
    )  # fmt: skip
    stage.vanta("resume", *IN, "-k", "people/ada", "--reason", "thrown out", quiet=True)
    commit = play.second("alan")
    play.adopted(commit)
    story.promise(
        "what was approved is exactly what is in force again",
        held=play.outcome(commit)["verdict"] == "applied",
        seen=f"tree {play.outcome(commit)['tree'][:12]}, as before Mallory",
    )


def _edit(path: Path, content: bytes) -> None:
    """Save a file the way an editor does: beside it first, then in its place."""
    beside = path.with_name(f".{path.name}.edited")
    beside.write_bytes(content)
    beside.replace(path)


def edit_by_hand(play: Play) -> None:
    """A loosening edit is put back; a tightening one holds until a quorum lets it go."""
    stage, story = play.stage, play.stage.story
    story.act("A hand edit can only tighten")
    memory = stage.node("executor").memory
    path, reader = memory / VAULT_FILE, PolicyReader(memory)
    published = path.read_bytes()
    capital = reader().policy.vaults["momentum-us"].capital
    old, new = b'"capital": 100000000000000', b'"capital": 140000000000000'
    _edit(path, published.replace(old, new))
    began = time.time_ns()
    believed = {reader().policy.vaults["momentum-us"].capital}
    stage.wait("the loosening edit to be put back", lambda: path.read_bytes() == published)
    took = (time.time_ns() - began) / _MILLI
    believed.add(reader().policy.vaults["momentum-us"].capital)
    story.figure("hand edit put back", f"{took:,.0f} ms")
    story.promise(
        "a loosening edit of vault.json is put back, and was never believed",
        held=published.count(old) > 0 and believed == {capital},
        seen=f"back after {took:,.0f} ms; the Executor saw the governed capital throughout",
    )
    path = memory / OVERLAY_FILE
    _edit(path, path.read_bytes().replace(b'"maintenance": false', b'"maintenance": true', 1))
    at_once = reader().policy.overlay.everywhere.maintenance > 0
    stage.wait("the edit to be adopted", lambda: bool(of(play.receipts(), "edit.adopted")))
    nonce = of(play.receipts(), "edit.adopted")[-1]["nonce"]
    stage.vanta("governance", "status", "--node", "nodes/executor")
    holds = reader().policy.overlay.everywhere.maintenance > 0
    story.promise(
        "a tightening edit holds at once and is adopted",
        held=at_once and holds,
        seen=f"maintenance is on everywhere, as break-glass {nonce}",
    )
    stage.vanta("resume", *IN, "-k", "people/ada", "--edit", nonce, "--reason", "done")
    play.pull()
    still = reader().policy.overlay.everywhere.maintenance > 0
    commit = play.second("alan")
    play.adopted(commit)
    story.promise(
        "it is let go by a quorum that names it, and by nothing less",
        held=still and reader().policy.overlay.everywhere.maintenance == 0,
        seen="held after one signature, released by two",
    )
