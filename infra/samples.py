"""Samples that stand in the stack files until somebody puts their own values in: never provisioned.

They are values that the standards keep for documentation, so none can be anybody's real one.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

ACCOUNT = "123456789012"
IMAGE = "ami-0123456789abcdef0"
OPERATORS = "203.0.113.0/28"
MAIL_DOMAIN = "example.com"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA sample"

_DOCUMENTATION = tuple(
    IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
_RANGE = re.compile(r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}\Z", re.ASCII)


def _remedy(text: str) -> str | None:
    if text == ACCOUNT:
        return "the account to provision in: aws sts get-caller-identity --query Account"
    if text == IMAGE:
        return (
            "the id of Debian's image in the region: aws ec2 describe-images --owners 136693071363"
            " --filters 'Name=name,Values=debian-12-amd64-*'"
            " --query 'sort_by(Images, &CreationDate)[-1].ImageId'"
        )
    if text == KEY:
        return "the public key of whoever runs Ansible first, one line"
    if text.endswith(f"@{MAIL_DOMAIN}"):
        return "an address that somebody reads"
    if _RANGE.match(text) and any(IPv4Network(text).subnet_of(net) for net in _DOCUMENTATION):
        return "the addresses that your people come from"
    return None


def samples_in(value: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every sample in a configuration: its path, itself, and what to put in its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from samples_in(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from samples_in(inner, f"{path}[{index}]")
    elif isinstance(value, str) and (remedy := _remedy(value)):
        yield path, value, remedy
