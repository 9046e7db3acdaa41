"""The settings that the how-to shows are settings, and do what it says."""

import json
import re
from pathlib import Path

from tests.policies.infrastructure.change import put
from tests.policies.infrastructure.engine import Engine
from tests.policies.infrastructure.estate import first
from vanta_policies import kinds as k

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "configure-a-policy.md"


def test_every_file_of_settings_it_shows_is_one(updating: Engine) -> None:
    shown = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    ]
    assert len(shown) == 4
    together: dict[str, dict[str, object]] = {}
    for one in shown:
        updating.configure(one)
        together |= one
    updating.configure(together)

    assert not updating.analyze(put(first(k.INSTANCE), {"instanceType": "t3.small"})).said
    assert updating.analyze(put(first(k.INSTANCE), {"instanceType": "m6i.large"})).policies == {
        "instance-size-is-one-we-pay-for"
    }
    lock = put(first(k.BUCKET_LOCK), {"rule.defaultRetention.mode": "GOVERNANCE"})
    assert updating.analyze(lock).policies == {"bucket-lock-holds-in-production"}
    exempt = type(lock)(lock.kind, lock.inputs, "backups", stack="prod")
    assert not updating.analyze(exempt).of("bucket-lock-holds-in-production")
    repaired, _ = updating.remediate(put(first(k.INSTANCE), {"metadataOptions": {}}))
    assert repaired is not None
    assert repaired["metadataOptions"] == {"httpTokens": "required"}
