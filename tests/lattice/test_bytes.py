"""A policy is the same bytes on every node, whatever its hash seed, and back again."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings

from tests.lattice.strategies import policies
from vanta.domain.encoding import decode, encode
from vanta.domain.policy import Policy
from vanta.lattice.algebra import restrain

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from vanta.domain.encoding import decode, encode
from vanta.domain.policy import Policy
from vanta.lattice.algebra import changes, restrain
policies = decode(list[Policy], sys.stdin.buffer.read())
for before, after in zip(policies, policies[1:]):
    sys.stdout.buffer.write(encode([after, restrain(before, after), changes(before, after)]))
"""


@settings(max_examples=50)
@given(policies)
def test_json_gives_back_the_policy(policy: Policy) -> None:
    assert decode(Policy, encode(policy)) == policy
    assert encode(decode(Policy, encode(policy))) == encode(policy)


@settings(max_examples=50)
@given(policies)
def test_the_order_of_insertion_shows_nowhere(policy: Policy) -> None:
    turned = msgspec.structs.replace(
        policy,
        vaults=dict(reversed(policy.vaults.items())),
        nodes=dict(reversed(policy.nodes.items())),
    )
    assert encode(turned) == encode(policy)


def _in_a_process(data: bytes, seed: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=data,
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
    ).stdout


def test_another_hash_seed_makes_the_same_bytes() -> None:
    drawn: list[Policy] = []

    @settings(max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    @given(policies)
    def draw(policy: Policy) -> None:
        drawn.append(policy)

    draw()
    data = encode(drawn)
    first = _in_a_process(data, "0")
    assert first == _in_a_process(data, "4242")
    assert encode([drawn[1], restrain(drawn[0], drawn[1])])[1:-1] in first
