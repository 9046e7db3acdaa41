"""Verify a VANTA audit bundle, offline, with Python 3.9 or newer and nothing else.

    python3 -I verify_bundle.py [FOLDER] [--manifest SHA256]

FOLDER is where the bundle was unpacked; the script's own folder when it is not given. `formats.md`
beside it says what every file is and how to check it by hand. Exit code 0 when everything holds.

Written to be read: it is the whole check, and it shares no code with VANTA.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

GENESIS = bytes(32)
NAMESPACE = "vanta-intent"
UPSTREAM = {
    "conviction.reflected": "harvest",
    "intent.accepted": "reflection",
    "decision.made": "intents",
}
"""Where the causes of a record are, when they are not above it in its own journal."""
ABOVE = {"promotion": "reflection"}
"""The same for every record of a journal."""
PUBLISHING = {"policy.introduced", "policy.evaluated", "edit.adopted"}


class BrokenError(Exception):
    """Something that does not hold, and where."""


# --- Ed25519, after RFC 8032: so that nothing has to be installed to check a signature ---------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _x(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data: bytes) -> tuple[int, int, int, int] | None:
    value = int.from_bytes(data, "little")
    sign, y = value >> 255, value & (2**255 - 1)
    x = _x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def _times(n: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = _add(result, point)
        point, n = _add(point, point), n >> 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _x(BASE_Y, 0) or 0
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` under `key`."""
    public = _point(key)
    s = int.from_bytes(signature[32:], "little")
    if public is None or len(key) + len(signature) != 96 or s >= L:  # noqa: PLR2004 - RFC 8032
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    x, y, z, t = _times(int.from_bytes(digest, "little") % L, public)
    x, y, z, _ = _add(_times(s, BASE), (P - x, y, z, P - t))
    inverse = pow(z, P - 2, P)
    encoded = (y * inverse % P) | ((x * inverse % P & 1) << 255)
    return encoded.to_bytes(32, "little") == signature[:32]


# --- SSH signatures (PROTOCOL.sshsig) and C2SP signed notes -------------------------------------


def framed(data: bytes) -> bytes:
    """An SSH string: four bytes of length, then the bytes."""
    return len(data).to_bytes(4, "big") + data


def unframed(data: bytes, count: int) -> list[bytes]:
    """The first `count` SSH strings of `data`."""
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at > len(data):
        raise BrokenError("an SSH structure that ends early")
    return found


def raw_key(line: str) -> bytes:
    """The 32 bytes of an `ssh-ed25519 AAAA...` line; none for a key of another kind."""
    kind, key = unframed(base64.b64decode(line.split()[1]), 2)
    return key if kind == b"ssh-ed25519" else b""


def fingerprint(line: str) -> str:
    """As `ssh-keygen -l` prints it."""
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def signed_by(armor: str, message: bytes, node: str, keys: list[str]) -> bool:  # noqa: ARG001
    """Whether one of a node's keys made this SSH signature of `message` for our namespace."""
    blob = base64.b64decode("".join(armor.split("\n")[1:-2]))
    if blob[:10] != b"SSHSIG\x00\x00\x00\x01":
        return False
    key, namespace, reserved, algorithm, wrapped = unframed(blob[10:], 5)
    kind, signature = unframed(wrapped, 2)
    known = [line for line in keys if base64.b64decode(line.split()[1]) == key]
    if namespace != NAMESPACE.encode() or not known or algorithm not in {b"sha256", b"sha512"}:
        return False
    if kind != b"ssh-ed25519":
        raise BrokenError("a signature that is not Ed25519: install ssh-keygen to check it")
    digest = hashlib.new(algorithm.decode(), message).digest()
    whole = b"SSHSIG" + b"".join(map(framed, (namespace, reserved, algorithm, digest)))
    return ed25519(raw_key(known[0]), whole, signature)


def note_holds(text: str, lines: str, keys: set[tuple[str, str]]) -> bool:
    """Whether a known key signed a note's text, and no known key did so wrongly."""
    verdicts = []
    for line in lines.split("\n"):
        dash, name, value = line.split(" ")
        data = base64.b64decode(value)
        for known, key in keys:
            raw = raw_key(key)
            short = hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]
            if (dash, name, data[:4]) == ("\u2014", known, short):
                verdicts.append(ed25519(raw, text.encode(), data[4:]))
    return bool(verdicts) and all(verdicts)


def ssh_keygen_says(armor: str, message: bytes, node: str, keys: list[str]) -> bool:
    """The same, asked of OpenSSH."""
    if not keys or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", node):
        return False
    with tempfile.TemporaryDirectory() as folder:
        signers, signature = Path(folder, "signers"), Path(folder, "signature")
        signers.write_text("".join(f'{node} namespaces="{NAMESPACE}" {key}\n' for key in keys))
        signature.write_text(armor)
        command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", node]
        command += ["-n", NAMESPACE, "-s", str(signature)]
        return (
            subprocess.run(command, input=message, capture_output=True, check=False).returncode == 0
        )


# --- The bundle ---------------------------------------------------------------------------------


class Bundle:
    """One unpacked bundle, checked part by part; what is wrong goes to `problems`."""

    def __init__(self, root: Path, told: str) -> None:
        self.root, self.told = root, told
        self.problems: list[str] = []
        self.facts: list[tuple[str, str]] = []
        self.listed: dict[str, Any] = {}
        self.nodes: dict[str, Any] = {}
        self.heads: dict[tuple[str, str], list[bytes]] = {}  # chain value at every size
        self.ids: dict[str, set[str]] = {}
        self.causes: list[tuple[str, str, str]] = []
        self.policies: list[tuple[str, str, str]] = []
        self.intents: list[tuple[str, str, dict[str, Any]]] = []
        self.keys: dict[str, dict[str, dict[str, list[str]]]] = {}  # node, commit, name: keys

    def sound(self) -> bool:
        """Check everything; a part that cannot even be read is a problem like any other."""
        for part in (self.read_manifest, self.check_files, self.check_journals, self.check_causes,
                     self.check_signatures, self.check_views, self.check_checkpoints):  # fmt: skip
            try:
                part()
            except Exception as error:  # noqa: BLE001 - whatever a bundle holds, it gets a verdict
                self.problem(part.__name__.replace("_", " "), f"{type(error).__name__}: {error}")
        return not self.problems

    def problem(self, where: str, what: str) -> None:
        """Something does not hold."""
        self.problems.append(f"{where}: {what}")

    def read_manifest(self) -> None:
        """Read what the bundle says it holds."""
        data = (self.root / "manifest.json").read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        self.facts.append(("manifest", f"SHA-256 {digest}"))
        if self.told and self.told.lower() != digest:
            self.problem("manifest.json", "is not the one you were told of")
        manifest = json.loads(data)
        if manifest["format"] != "vanta-audit-bundle/1":
            raise BrokenError(f"format {manifest['format']!r}")
        self.listed, self.nodes = manifest["files"], manifest["nodes"]

    def check_files(self) -> None:
        """Every file is there and is what the manifest says, and nothing else is there."""
        there = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*")
                 if path.is_symlink() or not path.is_dir()}  # fmt: skip
        for name in sorted(there - set(self.listed) - {"manifest.json"}):
            self.problem(name, "is not in the manifest")
        total = 0
        for name, said in sorted(self.listed.items()):
            path = self.root / name
            if name not in there or path.is_symlink():
                self.problem(name, "is missing, or is no plain file")
                continue
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    digest.update(block)
                    size += len(block)
            total += size
            if (digest.hexdigest(), size) != (said["sha256"], said["bytes"]):
                self.problem(name, "is not the file the manifest names")
        self.facts.append(("files", f"{len(self.listed)}, {total} bytes, held against SHA-256"))

    def path(self, name: str) -> Path:
        """A file the manifest lists; anything else is none of the bundle's."""
        if name not in self.listed:
            raise BrokenError(f"{name} is not in the manifest's files")
        return self.root / name

    def check_journals(self) -> None:
        """Every line follows the line before it, through every segment."""
        for node, said in sorted(self.nodes.items()):
            counts = []
            for journal, stated in sorted(said["journals"].items()):
                try:
                    heads = self.read_journal(node, journal, stated["segments"])
                except BrokenError as error:
                    self.problems.append(str(error))
                    continue
                counts.append(f"{journal} {len(heads) - 1}")
                if (len(heads) - 1, heads[-1].hex()) != (stated["size"], stated["head"]):
                    self.problem(f"{node} {journal}", "does not end where the manifest says")
            self.facts.append((node, "records: " + ", ".join(counts)))

    def read_journal(self, node: str, name: str, segments: list[str]) -> list[bytes]:
        """Walk over one journal; the chain values of its lines."""
        heads = self.heads.setdefault((node, name), [GENESIS])
        seen: set[str] = set()
        ts = -(2**63)
        for number, segment in enumerate(segments):
            for first, place, line in self.lines(segment):
                try:
                    record = json.loads(line)
                    expected = (len(heads) - 1, heads[-1].hex())
                    follows = (record["seq"], record["prev"]) == expected and record["ts"] >= ts
                except (ValueError, KeyError, TypeError):
                    raise BrokenError(f"{place}: is not a record") from None
                if not follows:
                    raise BrokenError(
                        f"{place}: does not follow the line before it: one of the two was changed,"
                        " or lines between them are gone"
                    )
                if first:
                    self.check_opening(place, record, number, name, segments)
                self.take(node, name, place, record, seen)
                seen.add(record["id"])
                ts = record["ts"]
                heads.append(hashlib.sha256(heads[-1] + line).digest())
        self.ids.setdefault(name, set()).update(seen)
        return heads

    def lines(self, segment: str) -> Iterator[tuple[bool, str, bytes]]:
        """Each line of a segment: whether it is the first, where it is, and its bytes."""
        offset = 0
        with self.path(segment).open("rb") as file:
            for number, line in enumerate(file, 1):
                place = f"{segment}:{number} (byte {offset})"
                if not line.endswith(b"\n"):
                    raise BrokenError(f"{place}: the last line has no end")
                yield number == 1, place, line[:-1]
                offset += len(line)

    def check_opening(
        self, place: str, record: dict[str, Any], number: int, name: str, segments: list[str]
    ) -> None:
        """A segment opens with its number and the name of the one before."""
        body = record["body"]
        if number:
            expected = ("journal.rotated", number, Path(segments[number - 1]).name)
            stated = (record["type"], body["segment"], body.get("previous"))
        else:
            expected = ("journal.opened", 0, name)
            stated = (record["type"], body["segment"], body.get("journal"))
        if stated != expected:
            raise BrokenError(f"{place}: does not open segment {number} of {name}")

    def take(
        self, node: str, journal: str, place: str, record: dict[str, Any], seen: set[str]
    ) -> None:
        """Keep what a record says of others, to be judged when all have been read."""
        kind, body = record["type"], record["body"]
        home = UPSTREAM.get(kind, ABOVE.get(journal, journal))
        for parent in record["parents"]:
            if home != journal and parent not in seen:
                self.causes.append((home, parent, place))
            elif parent not in seen:
                self.problem(place, f"was caused by {parent}, which is not above it")
        if journal != "governance":
            if record["policy"] or kind == "decision.made":
                self.policies.append((node, record["policy"], place))
        elif kind in PUBLISHING and body["published"]:
            commit = body["published"]["provenance"]["commit"]
            named = self.keys.setdefault(node, {}).setdefault(commit, {})
            for name, keys in body["published"]["policy"]["nodes"].items():
                named.setdefault(name, []).extend(keys)
        if kind in {"intent.accepted", "intent.promoted"}:
            self.intents.append((node, place, record))

    def check_causes(self) -> None:
        """Whatever a record names in another journal is there, where that journal is."""
        absent = 0
        for journal, parent, place in self.causes:
            if journal == "reflection" and journal not in self.ids:
                absent += 1  # of another node, which may not be in this bundle
            elif parent not in self.ids.get(journal, set()):
                self.problem(place, f"was caused by {parent}, which {journal} does not hold")
        for node, commit, place in self.policies:
            if commit not in self.keys.get(node, {}):
                self.problem(place, f"was made under policy {commit!r}, which was never published")
        rest = f"; {absent} of a Markets node that is not in this bundle" if absent else ""
        self.facts.append(("causes", f"{len(self.causes)} from one journal to another{rest}"))
        self.facts.append(("policies", f"{len(self.policies)} records name the one in force"))

    def check_signatures(self) -> None:
        """Every intent is signed by a key its sender had, and is what that sender sent."""
        tool = shutil.which("ssh-keygen")
        holds = ssh_keygen_says if tool else signed_by
        asked: dict[str, tuple[str, bytes, str, list[str]]] = {}
        questions: list[tuple[str, str, dict[str, Any]]] = []
        for node, place, record in self.intents:
            envelope = record["body"]["envelope"]
            sender, payload = envelope["node"], envelope["payload"].encode()
            keys = sorted(set(self.keys.get(node, {}).get(record["policy"], {}).get(sender, [])))
            question = json.dumps([envelope, keys])
            questions.append((question, place, record))
            asked[question] = (envelope["signature"], payload, sender, keys)
        with ThreadPoolExecutor() as pool:
            answers = dict(pool.map(lambda item: (item[0], holds(*item[1])), asked.items()))
        sent = {
            record["id"]: record["body"]["envelope"]
            for _, _, record in self.intents
            if record["type"] == "intent.promoted"
        }
        for question, place, record in questions:
            envelope, name = record["body"]["envelope"], record["id"]
            if not answers[question]:
                self.problem(place, f"{name} is not signed by a key that {envelope['node']} had")
            signed = json.loads(envelope["payload"])
            if signed != record["body"]["intent"] or signed["id"] != name:
                self.problem(place, f"{name} is not the intent that was signed")
            if "reflection" in self.ids and sent.get(name) != envelope:
                self.problem(place, f"{name} was not sent like this by any node that is here")
        how = "ssh-keygen" if tool else "this script's own Ed25519, as ssh-keygen is not here"
        self.facts.append(("signatures", f"{len(asked)} of intents, checked with {how}"))

    def every_key(self, *nodes: str) -> set[tuple[str, str]]:
        """Name and key of everybody these nodes' policies ever registered."""
        commits = [named for node in nodes for named in self.keys.get(node, {}).values()]
        return {(name, key) for named in commits for name in named for key in named[name]}

    def check_views(self) -> None:
        """Every view names a position its journal really has."""
        count = 0
        for node, said in sorted(self.nodes.items()):
            for name in said["views"]:
                source = json.loads(self.path(name).read_bytes())["derived_from"]
                heads = self.heads.get((node, source["journal"]), [])
                size = source["size"]
                if not 0 <= size < len(heads) or heads[size].hex() != source["head"]:
                    self.problem(name, "is derived from a journal that is not the one here")
                count += 1
        self.facts.append(("views", f"{count} name the position they are derived from"))

    def check_checkpoints(self) -> None:
        """Every checkpoint is signed by a key the node knew, and names a position that is there."""
        for node, said in sorted(self.nodes.items()):
            keys = self.every_key(node)
            for journal, stated in sorted(said["journals"].items()):
                name, covered = stated["checkpoints"], 0
                heads = self.heads.get((node, journal), [])
                text = self.path(name).read_text(encoding="utf-8") if name else ""
                parts = text.split("\n\n")[:-1]
                for number in range(len(parts) // 2):
                    place = f"{name} note {number + 1}"
                    note, lines = parts[2 * number] + "\n", parts[2 * number + 1]
                    try:
                        _, size, head, _ = note.split("\n")
                        signed, claimed = note_holds(note, lines, keys), base64.b64decode(head)
                        covered = max(covered, int(size))
                    except ValueError:
                        self.problem(place, "is not a signed note")
                        continue
                    if not signed:
                        self.problem(place, "no key that was known signed it")
                    elif int(size) >= len(heads) or heads[int(size)] != claimed:
                        self.problem(place, f"{journal} is not what it says")
                if name:
                    said_it = (
                        f"{node} {journal}: signed up to {covered} of {len(heads) - 1} records"
                    )
                    self.facts.append(("checkpoints", said_it))


def main() -> int:
    """Check a bundle and say how it went."""
    parser = argparse.ArgumentParser(description="Verify a VANTA audit bundle, offline.")
    default = Path(__file__).resolve().parent
    parser.add_argument(
        "folder", nargs="?", type=Path, default=default, help="where it is unpacked"
    )
    parser.add_argument("--manifest", default="", help="SHA-256 of manifest.json you were told")
    arguments = parser.parse_args()
    bundle = Bundle(arguments.folder, arguments.manifest)
    sound = bundle.sound()
    for name, key in sorted(bundle.every_key(*bundle.nodes)):
        bundle.facts.append(("key", f"{name} {fingerprint(key)}"))
    lines = [f"VANTA audit bundle in {arguments.folder}"]
    lines += [f"  {name:<11} {fact}" for name, fact in bundle.facts]
    lines += [f"  PROBLEM     {problem}" for problem in bundle.problems]
    if sound:
        lines += [
            "VERDICT: sound. Nothing inside a bundle can vouch for the whole of it: compare the",
            "manifest's SHA-256 and the keys with what the fund told you another way.",
        ]
    else:
        lines.append(f"VERDICT: NOT SOUND, problems: {len(bundle.problems)}")
    sys.stdout.write("".join(repr(line)[1:-1] + "\n" for line in lines))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
