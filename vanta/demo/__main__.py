"""Tell the story, leave the folders and `report.html`, and say whether every promise held."""

import argparse
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from vanta.demo import acts, governed
from vanta.demo.ledger import Tally, of, records
from vanta.demo.play import Play
from vanta.demo.report import render
from vanta.demo.scenes import moments, pictures, recorded_feeds, sample_feeds
from vanta.demo.stage import Stage
from vanta.demo.story import Story
from vanta.domain.errors import VantaError


def main() -> int:
    """Entry point; the exit code says whether every promise held."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo"))
    parser.add_argument("--feeds", type=Path, help="recorded feeds instead of the sample")
    given = parser.parse_args()
    console = Console(highlight=False)
    story = Story(console)
    stage = Stage(given.output, story)
    try:
        stage.clear()
        feeds = recorded_feeds(given.feeds) if given.feeds else sample_feeds(stage.root / "feeds")
        console.print(f"VANTA on {feeds.name}, in {stage.root}", markup=False, soft_wrap=True)
        _tell(Play(stage, feeds), console)
    except (VantaError, OSError) as error:
        console.print(f"\nthe demo could not go on: {error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nstopped", style="bold red")
        return 130
    finally:
        stage.stop_all()
    return 0 if story.held else 1


def _tell(play: Play, console: Console) -> None:
    stage, story = play.stage, play.stage.story
    acts.found_the_fund(play)
    acts.trade(play)
    governed.halt(play)
    governed.resume(play)
    governed.poison(play)
    governed.edit_by_hand(play)
    acts.kill_nine(play)
    explanation = acts.audit(play)
    story.end()
    trades = play.trades()
    tally = Tally(trades)
    harvest = records(stage.node("markets"), "harvest")
    story.figure("signals harvested", f"{len(of(harvest, 'signal.harvested')):,}")
    story.figure("decisions", f"{len(tally.decisions)}")
    story.figure("orders, fills", f"{len(tally.prepared)}, {len(tally.fills)}")
    story.figure("the whole story", f"{story.seconds:.0f} s")
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = render(
        story,
        pictures=pictures(play, tally),
        moments=moments(trades),
        explanation=explanation,
        feeds=play.feeds.name,
        made=f"Made {when} on {platform.machine()}, Python {platform.python_version()}",
    )
    (stage.root / "report.html").write_text(page)
    held = sum(promise.held for promise in story.promises)
    console.print(
        f"\n{held} of {len(story.promises)} promises held in {story.seconds:.0f} s",
        style="bold green" if story.held else "bold red",
    )
    for promise in story.promises:
        if not promise.held:
            console.print(f"BROKEN  {promise.text}: {promise.seen}", style="red", markup=False)
    where = f"{stage.root}"
    console.print(f"look at {where}/report.html and {where}/why.html; then try", markup=False)
    for command in (
        f"vanta executor orders --node {where}/nodes/executor",
        f"vanta audit explain last --node {where}/nodes/executor --node {where}/nodes/markets",
        f"vanta governance verify {where}/forge.git --trust {where}/governance.trust.json -e dev",
    ):
        console.print(f"  .venv/bin/{command}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
