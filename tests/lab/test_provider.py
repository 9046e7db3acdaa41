"""`pulumi up -s lab`, as far as it needs root: a machine is booted, read and removed."""

import socket

import pytest

from infra.lab.lab import Lab
from infra.lab.plan import plan_of
from tests.infra.lab.engine import Engine

pytestmark = pytest.mark.lab


def test_the_engine_makes_a_machine_reads_it_and_removes_it() -> None:
    lab = Lab(plan_of("pulumi"))
    with Engine() as engine:
        try:
            made, outputs = engine.create(lab="pulumi", machine="jump")
            assert made == "pulumi/jump"
            with socket.create_connection((outputs["address"], 22), timeout=5) as line:
                assert line.recv(4) == b"SSH-"
            assert engine.read(made, outputs) == (made, outputs)
            assert engine.diff(made, outputs, {"lab": "pulumi", "machine": "jump"}) == (False, [])
            engine.delete(made, outputs)
            assert engine.read(made, outputs) == ("", {})
            assert not lab.plan.folder("jump").exists()
        finally:
            lab.down()
