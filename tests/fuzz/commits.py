"""Fuzz target: raw commit objects, their links, their trailers and the approval they carry."""

import re
import unicodedata

from tests.fuzz.attempts import attempt, twice
from vanta.domain.errors import VantaError
from vanta.governance.commits import (
    APPROVAL_KEY,
    Commit,
    Links,
    is_oid,
    parse_approval,
    parse_commit,
    parse_links,
    trailers,
)

TOKENS = (
    *(b"tree ", b"parent ", b"author ", b"committer ", b"gpgsig ", b"gpgsig-sha256 ", b"encoding "),
    *(b"mergetag ", b"\n\n", b"\n ", b"\0", b"\r", b" <", b"> ", b" +0000", b"Vanta-Approve: "),
    *(b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----", b"until=", b"1" * 40),
)
IDS = {"a" * 40: b"gpgsig", "a" * 64: b"gpgsig-sha256"}
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_STAMP = re.compile(rb"\n(?:author|committer) .*> ([0-9]+ [+-][0-9]{4})(?=\n)")


def one_input(data: bytes) -> None:
    """Read it as a commit of either object format."""
    for oid, header in IDS.items():
        links = twice(parse_links, oid, data)
        commit = twice(parse_commit, oid, data)
        if isinstance(commit, Commit):
            assert links == Links(commit.tree, commit.parents)
            _check_commit(oid, data, commit, header)
    message = data.decode("utf-8", "replace")
    for key, value in trailers(message):
        assert key in message
        assert all(line in message for line in value.split("\n"))


def _check_commit(oid: str, data: bytes, commit: Commit, header: bytes) -> None:
    assert all(is_oid(each) and len(each) == len(oid) for each in (commit.tree, *commit.parents))
    assert len(set(commit.parents)) == len(commit.parents)
    assert "\0" not in commit.message
    names = (commit.author, commit.committer_name)
    unseen = any(unicodedata.category(each) in _UNSEEN for name in names for each in name)
    assert commit.legible is not unseen
    assert not any(unicodedata.category(each) in _UNSEEN for each in commit.committer_email)
    if commit.signature is not None:
        assert (commit.signature.count(b"-----BEGIN "), commit.signature.count(b"-----END ")) == (
            1,
            1,
        )
    assert _written(data, commit, header) == data
    assert _git_reads(data, header) == (commit.signature, commit.signed_payload)
    approval = attempt(parse_approval, commit)
    if approval is not None and not isinstance(approval, VantaError):
        # Git reads a trailer with any number of spaces after its colon.
        stated = rf"^{APPROVAL_KEY}: *{approval.environment} {approval.tree_digest} until="
        assert re.search(stated, commit.message, re.MULTILINE)


def _written(data: bytes, commit: Commit, header: bytes) -> bytes:
    """The object that says what the parsed commit says, dates and zones taken from `data`."""
    author, committer = _STAMP.findall(data)[:2]
    name = commit.committer_name
    # A committer without a name is written with and without the space.
    space = " " if name or b"\ncommitter  <" in data.partition(b"\n\n")[0] else ""
    lines = [
        f"tree {commit.tree}".encode(),
        *(f"parent {parent}".encode() for parent in commit.parents),
        f"author {commit.author} ".encode() + author,
        f"committer {name}{space}<{commit.committer_email}> ".encode() + committer,
    ]
    if commit.signature is not None:
        lines.append(header + b" " + commit.signature.replace(b"\n", b"\n "))
    return b"\n".join(lines) + b"\n\n" + commit.message.encode()


def _git_reads(data: bytes, header: bytes) -> tuple[bytes | None, bytes | None]:
    """Git's own reading (`parse_buffer_signed_by_header`): signature and what it is over."""
    signature, payload = b"", b""
    inside = other = False
    lines = iter(re.findall(rb"[^\n]*\n|[^\n]+", data))
    for line in lines:
        if inside and line.startswith(b" "):
            signature += line[1:]
            continue
        inside = line.startswith(header + b" ")
        if inside:
            signature += line[len(header) + 1 :]
            other = False
            continue
        if line.startswith(b"gpgsig"):
            other = True
        elif other and not line.startswith(b" "):
            other = False
        if line == b"\n":
            payload += line + b"".join(lines)
        elif not other:
            payload += line
    return (signature[:-1], payload) if signature else (None, None)
