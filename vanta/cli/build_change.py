"""`vanta build release`, `stage`, `promote`, `rollback`, `recover`, `gc`: what changes builds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.build_export import standing_signoffs
from vanta.cli.interrupts import INTERRUPTED, stoppable
from vanta.cli.options import NODE_DEFAULT, DryRun, Json, NodeDir
from vanta.cli.output import command, print_json, say

if TYPE_CHECKING:
    from vanta.builds.admit import Approved
    from vanta.builds.node import BuildsOfNode
    from vanta.builds.promote import Outcome, Plan
    from vanta.builds.recover import Recovery
    from vanta.builds.release import Release
    from vanta.builds.slots import Slots
    from vanta.builds.state import BuildState

_NOT_DONE = 3
_LOST = "memory/builds.jsonl from its off-node copy"
Build = Annotated[str, typer.Argument(help="Its name, such as 0.1.0-3f2a9c1d77e0.")]


@command
def release(
    build: Build,
    node: NodeDir = NODE_DEFAULT,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """On Alpha: put a candidate that is approved in the tracker among the releases.

    Enough people signed it off, and no thread stands against it.
    """
    from vanta.alpha.tracker.releasing import check_tracked
    from vanta.builds.events import Released
    from vanta.builds.manifest import checked_name
    from vanta.builds.node import builds_of
    from vanta.builds.publish import plan_release, publish
    from vanta.builds.release import RELEASES

    here = builds_of(node)
    permission, commit = here.in_force()

    def seen() -> "tuple[Release, Approved]":
        folder = here.export / "modules" / checked_name(build)
        found, people = plan_release(folder, permission)
        counting = check_tracked(here.layout, found.name, time.time_ns()).by
        # A signature that was taken back in the tracker may still lie in the candidate's folder.
        held = {f"{person}.sig" for person in counting}
        kept = {name: armour for name, armour in found.signoffs.items() if name in held}
        return found._replace(signoffs=kept), people._replace(reviewers=tuple(sorted(counting)))

    if dry_run:
        found, people = seen()
    else:
        with here.held(commit) as site, site.refusals(build, "release"):
            found, people = seen()
            publish(found, here.export / RELEASES)
            site.state(Released(found.name, people.builder, people.reviewers))
    if as_json:
        print_json({"build": found.name, **people._asdict(), "done": not dry_run})
        return
    would = "would be released" if dry_run else "is released"
    say(f"{found.name} {would}: built by {people.builder}, signed off by "
        f"{' and '.join(people.reviewers)}")  # fmt: skip


@command
def stage(
    build: Build,
    node: NodeDir = NODE_DEFAULT,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder that holds it, where the export does not.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Put a release into this node's idle slot: verified before, while and after it is unpacked."""
    from vanta.builds.manifest import checked_name
    from vanta.builds.node import builds_of
    from vanta.builds.release import find
    from vanta.builds.stage import look, verify
    from vanta.builds.stage import stage as put

    here = builds_of(node)
    permission, commit = here.in_force()

    def seen() -> Path:
        return source / checked_name(build) if source is not None else find(here.export, build)

    if dry_run:
        sound = look(seen(), permission, here.machine)
        verify(sound)
        letter = here.now().letter_of(build) or here.now().idle()
        told = {"build": build, "letter": letter, "fresh": True}
    else:
        with here.held(commit) as site, site.refusals(build, "stage"):
            sound = look(seen(), permission, here.machine)
            told = put(site, sound)._asdict()
    told |= {"builder": sound.builder, "reviewers": sound.reviewers, "done": not dry_run}
    if as_json:
        print_json(told)
        return
    would = "would be" if dry_run else "is"
    say(f"{build} {would} in slot {told['letter']}: built by {sound.builder}, signed off by "
        f"{' and '.join(sound.reviewers) or 'nobody yet'}")  # fmt: skip


@command
def promote(
    build: Build,
    node: NodeDir = NODE_DEFAULT,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Even if it is older than what runs.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Even if it was tried here and is marked bad.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run a staged build: flip to it, restart, gate; where it is not well, go back by itself.

    Exit 0: it runs. 3: it did not pass the gate, and what ran before runs again. 1: an error, such
    as a refusal; nothing changed. 130: it was stopped, and is taken back. 2: usage.
    """
    from vanta.builds.node import builds_of
    from vanta.builds.promote import carry_out, plan_promotion
    from vanta.builds.recover import recover as settle

    here = builds_of(node)
    permission, commit = here.in_force()
    # Somebody may have taken a sign-off back since it was staged.
    stand = standing_signoffs(here.export, build)

    def planned(state: "BuildState", slots: "Slots") -> "Plan":
        return plan_promotion(
            state, slots, build, permission, here.machine,
            rollback=rollback, again=again, signoffs=stand,
        )  # fmt: skip

    if dry_run:
        _say_plan(planned(here.now(), here.slots), as_json=as_json)
        return
    with _taken_back(here), here.held(commit) as site:
        if site.now.pending:
            settle(site)
        if stand is not None and build in site.now.staged:
            site.slots.renew_signoffs(build, stand)
        with site.refusals(build, "promote"):
            plan = planned(site.now, site.slots)
        outcome = carry_out(site, plan)
    _say_outcome(outcome, here.layout.logs, as_json=as_json)


@command
def rollback(
    build: Annotated[
        str,
        typer.Argument(
            help="Which build that ran here; without it, the last that nobody went back from."
        ),
    ] = "",
    node: NodeDir = NODE_DEFAULT,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run what ran here before once more, and mark what runs now bad.

    It asks for no approval: it was approved when it was promoted. A frozen node stays as it is.

    Exit 0: it runs. 3: it did not pass the gate, and what ran before runs again. 1: an error, such
    as a refusal; nothing changed. 130: it was stopped, and is carried through. 2: usage.
    """
    from vanta.builds.node import builds_of
    from vanta.builds.promote import carry_out, plan_rollback
    from vanta.builds.recover import recover as settle
    from vanta.domain.errors import VantaError

    here = builds_of(node)
    try:
        permission, commit = here.in_force()
    except VantaError:
        permission, commit = None, ""
    name = here.config.node
    if dry_run:
        _say_plan(plan_rollback(here.now(), here.slots, build, permission, name), as_json=as_json)
        return
    with _taken_back(here), here.held(commit) as site:
        if site.now.pending:
            settle(site)
        with site.refusals(build or site.now.previous, "rollback"):
            plan = plan_rollback(site.now, site.slots, build, permission, name)
        outcome = carry_out(site, plan)
    _say_outcome(outcome, here.layout.logs, as_json=as_json)


@command
def recover(node: NodeDir = NODE_DEFAULT, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Finish or take back what a crash left half done; at boot, before the services start.

    Exit 0: `current` is on a whole slot, and what runs runs it; or somebody changes builds just
    now, and sees to that. 3: it is, and a service is not well. 1: an error, such as
    `NO_SOUND_SLOT`. 2: usage.
    """
    from vanta.builds.flip import target_of
    from vanta.builds.node import builds_of
    from vanta.builds.recover import plan_recovery
    from vanta.builds.recover import recover as settle
    from vanta.domain.errors import UnavailableError

    here = builds_of(node)
    if dry_run:
        found = plan_recovery(here.now(), here.slots, target_of(here.layout.current))
    else:
        try:
            with here.held() as site:
                found = settle(site)
        except UnavailableError as error:
            if error.code != "JOURNAL_LOCKED":
                raise
            # Services wait for this unit, and whoever promotes a build waits for the services.
            told = "somebody changes builds just now, and leaves `current` on a whole slot"
            if as_json:
                print_json({"done": False, "why": told})
            else:
                say(told)
            return
    if as_json:
        print_json({**found._asdict(), "done": not dry_run})
    else:
        for line in _recovered(found):
            say(line)
    raise typer.Exit(_NOT_DONE if found.sick else 0)


@command
def gc(node: NodeDir = NODE_DEFAULT, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take away builds that are neither live, nor what ran before, nor the last good one.

    And what was seen of builds that did not pass, but for the latest twenty.
    """
    from vanta.builds.collect import collect, plan_collection
    from vanta.builds.node import builds_of

    here = builds_of(node)
    if dry_run:
        found = plan_collection(here.now(), here.slots, here.layout.logs)
    else:
        with here.held() as site:
            found = collect(site)
    if as_json:
        print_json({**found._asdict(), "done": not dry_run})
        return
    would = "would be taken away" if dry_run else "taken away"
    for name in (*found.builds, *found.drafts, *(f"logs/{each}" for each in found.evidence)):
        say(f"{name} {would}")
    say(f"kept: {', '.join(found.kept) or 'nothing'}")


@contextmanager
def _taken_back(here: "BuildsOfNode") -> Iterator[None]:
    """Settle at once what somebody stops, so that no terminal that goes leaves a flip half done."""
    from vanta.builds.recover import recover as settle

    with stoppable() as stops:
        try:
            yield
        except KeyboardInterrupt:
            stops.hold_off()
            with here.held() as site:
                found = settle(site)
            for line in ("stopped before it was done", *_recovered(found)):
                say(line)
            raise typer.Exit(INTERRUPTED) from None


def _say_plan(plan: "Plan", *, as_json: bool) -> None:
    if as_json:
        print_json({**plan._asdict(), "approved": plan.approved._asdict(), "done": False})
        return
    say(f"would flip from {plan.before or 'nothing'} to {plan.build}")
    if plan.approved.builder:
        people = " and ".join(plan.approved.reviewers)
        say(f"  built by {plan.approved.builder}, signed off by {people}")
    if not plan.way_back:
        say("  there is nothing sound to go back to")


def _say_outcome(outcome: "Outcome", logs: Path, *, as_json: bool) -> None:
    sick, still = outcome.sick, outcome.still_sick
    if as_json:
        print_json(
            {
                **outcome._asdict(),
                "sick": sick._asdict() if sick else None,
                "still_sick": still._asdict() if still else None,
            }
        )
    elif sick is None:
        before = f", before it {outcome.before}" if outcome.before else ""
        say(f"{outcome.build} runs after {outcome.milliseconds} ms{before}")
    else:
        say(f"{outcome.build} did not pass: {sick.service}: {sick.reason} [{sick.code}]")
        if outcome.current != outcome.build:
            well = f"not well: {still.reason} [{still.code}]" if still else "and is well"
            say(f"{outcome.current} runs again after {outcome.back_milliseconds} ms, {well}")
        else:
            say("nothing ran before that could be gone back to: `current` is on it")
        if outcome.evidence:
            say(f"  what was seen is in {logs / outcome.evidence}")
    raise typer.Exit(_NOT_DONE if sick else 0)


def _recovered(found: "Recovery") -> list[str]:
    lines = [f"{draft} thrown away: it was never complete" for draft in found.drafts]
    if not found.current:
        lost = f"current is on {found.was}, which is whole, and no record says so: restore {_LOST}"
        return [*lines, lost if found.was else "no build ever ran here"]
    if found.code:
        lines.append(f"current is on {found.current}, was on {found.was or 'nothing'} "
                     f"[{found.code}]")  # fmt: skip
    else:
        lines.append(f"current is on {found.current}, as it should be")
    if found.restarted:
        lines.append(f"restarted {', '.join(found.restarted)}")
    if found.sick:
        lines.append(f"{found.sick.service} is not well: {found.sick.reason} [{found.sick.code}]")
    return lines
