"""From the export into the node's own slot: after this, the build needs nobody to start."""

from pathlib import Path
from typing import NamedTuple

from vanta.builds.admit import Machine, fits, signed_for
from vanta.builds.events import Letter, Staged
from vanta.builds.pack import ARTEFACT
from vanta.builds.permission import Permission
from vanta.builds.release import Release, check_artefact, check_sums, read_release
from vanta.builds.site import Site


class Sound(NamedTuple):
    """A release that may be staged."""

    release: Release
    builder: str
    reviewers: tuple[str, ...]
    """Who signed it off so far; staging takes none, promoting does."""


class InSlot(NamedTuple):
    """A build that lies in a slot."""

    build: str
    letter: Letter
    fresh: bool
    """Whether it was unpacked now, and was not there before."""


def look(folder: Path, permission: Permission, machine: Machine) -> Sound:
    """Read a release and ask who answers for it; nothing is written, its artefact not looked at.

    Raises:
        RefusedError: `UNSIGNED`, `UNKNOWN_BUILDER`, `OTHER_SCHEMA`, `OTHER_PYTHON`,
            `OTHER_PLATFORM`, `OTHER_BUILD`.
        MalformedError, UnavailableError: there is no build, or nothing that can be read.
    """
    release = read_release(folder)
    builder = signed_for(release, permission)
    fits(release, machine)
    keys, _ = release.reviewers_keys()
    return Sound(release, builder, tuple(sorted(permission.reviewers(keys, builder=builder))))


def verify(sound: Sound) -> None:
    """Hold what lies in the release folder against its manifest, byte for byte.

    Raises:
        RefusedError: `TAMPERED`.
    """
    release = sound.release
    check_artefact(release.folder / ARTEFACT, release.manifest)
    check_sums(release.folder, release.manifest)


def stage(site: Site, sound: Sound) -> InSlot:
    """Put a release into the idle slot, or its new sign-offs into the slot it is in.

    Raises:
        RefusedError, MalformedError: the artefact is not what was signed.
        UnavailableError: `SLOT_UNWRITABLE`, `NO_BUILD`.
    """
    release, slots, now = sound.release, site.slots, site.now
    there = slots.path(release.name).is_dir()
    if there:
        slots.verify(release.name)
        slots.renew_signoffs(release.name, release.signoffs)
    else:
        slots.put(release)
    letter = now.letter_of(release.name) or now.idle()
    site.state(Staged(release.name, letter, sound.builder, sound.reviewers))
    return InSlot(release.name, letter, not there)
