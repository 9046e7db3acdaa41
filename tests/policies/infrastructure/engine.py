"""The pack as a process, and the engine's side of the wire to it.

Pulumi's own engine is not here: what it asks of a pack is asked by the same calls, in its order,
and the pack's answers are what it would print. Of its own work only what an answer depends on is
done here: settings are checked against the pack's schema and filled with its defaults.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import grpc
import jsonschema
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto import analyzer_pb2_grpc

PACK = Path(__file__).resolve().parents[3] / "policies" / "infrastructure"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the wire says that a value is not known before the resource exists."""

_LEVELS = {
    wire.ADVISORY: "advisory",
    wire.MANDATORY: "mandatory",
    wire.DISABLED: "disabled",
    wire.REMEDIATE: "remediate",
}


@dataclass(frozen=True)
class Made:
    """A resource that is to be made, as the engine tells a pack of it."""

    kind: str
    inputs: Mapping[str, Any]
    name: str = "one"
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input to the URNs it was made from."""
    stack: str = "dev"
    protect: bool = False
    urn: str = ""
    provider: Mapping[str, Any] | None = None

    @property
    def address(self) -> str:
        """Its URN."""
        return self.urn or f"urn:pulumi:{self.stack}::vanta::{self.kind}::{self.name}"

    def with_inputs(self, **changes: object) -> "Made":
        """The same with some of its inputs changed."""
        return replace(self, inputs={**self.inputs, **changes})


@dataclass(frozen=True)
class Said:
    """What the pack said of a resource or a stack."""

    policy: str
    message: str
    level: str
    urn: str


@dataclass(frozen=True)
class Answer:
    """Everything the pack said, and which policies did not apply, by name, and why."""

    said: tuple[Said, ...]
    elsewhere: Mapping[str, str]

    def of(self, policy: str) -> tuple[Said, ...]:
        """What one policy said."""
        return tuple(one for one in self.said if one.policy == policy)

    @property
    def policies(self) -> frozenset[str]:
        """Which policies said anything."""
        return frozenset(one.policy for one in self.said)


class Engine:
    """One pack that runs, spoken to as Pulumi speaks to it."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = cast("Any", analyzer_pb2_grpc.AnalyzerStub(channel))
        self.info = self._stub.GetAnalyzerInfo(empty_pb2.Empty())
        self.policies: dict[str, Any] = {policy.name: policy for policy in self.info.policies}
        self._schemas = {
            name: json_format.MessageToDict(policy.configSchema)["properties"]
            for name, policy in self.policies.items()
        }
        self._fits = {name: _judge_of(schema) for name, schema in self._schemas.items()}
        self._untold = wire.ConfigureAnalyzerRequest()
        self._disabled = wire.ConfigureAnalyzerRequest()
        for name in self.policies:
            told = self._told(name, {})
            self._untold.policyConfig[name].CopyFrom(told)
            told.enforcementLevel = wire.DISABLED
            self._disabled.policyConfig[name].CopyFrom(told)
        self.configure({})

    def configure(
        self,
        config: Mapping[str, Mapping[str, Any]],
        *,
        tags: Mapping[str, str] | None = None,
        alone: str = "",
    ) -> None:
        """Tell the pack its settings, as `--policy-pack-config` and the stack's tags would.

        Where a policy is to be `alone`, every other is disabled.
        """
        assert set(config) <= set(self.policies), "no such policy"
        self.told = bool(config or tags or alone)
        self._stub.ConfigureStack(wire.AnalyzerStackConfigureRequest(tags=tags or {}))
        request = wire.ConfigureAnalyzerRequest()
        request.CopyFrom(self._disabled if alone else self._untold)
        if alone:
            request.policyConfig[alone].CopyFrom(self._untold.policyConfig[alone])
        for name, given in config.items():
            request.policyConfig[name].CopyFrom(self._told(name, given))
        self._stub.Configure(request)

    def _told(self, name: str, given: Mapping[str, Any]) -> wire.PolicyConfig:
        """Checked and filled with defaults, as the engine does it before a pack hears of it."""
        settings = dict(given)
        level = settings.pop("enforcementLevel", None)
        schema = self._schemas[name]
        self._fits[name].validate(settings)
        defaults = {key: one["default"] for key, one in schema.items() if "default" in one}
        told = wire.PolicyConfig(
            enforcementLevel=(
                wire.EnforcementLevel.Value(level.upper())
                if level
                else self.policies[name].enforcementLevel
            )
        )
        json_format.ParseDict(defaults | settings, told.properties)
        return told

    def analyze(self, made: Made) -> Answer:
        """What the pack says of one resource before it is made."""
        response = self._stub.Analyze(
            wire.AnalyzeRequest(
                type=made.kind,
                properties=_struct(made.inputs),
                urn=made.address,
                name=made.name,
                options=wire.AnalyzerResourceOptions(protect=made.protect),
                provider=_provider(made),
            )
        )
        return _answer(response)

    def analyze_stack(self, members: Iterable[Made]) -> Answer:
        """What the pack says of a whole stack once everything is registered."""
        return _answer(
            self._stub.AnalyzeStack(wire.AnalyzeStackRequest(resources=map(_member, members)))
        )

    def remediate(self, made: Made) -> tuple[Mapping[str, Any] | None, str]:
        """The inputs as the pack would have them, and what it could not do."""
        response = self._stub.Remediate(
            wire.AnalyzeRequest(
                type=made.kind,
                properties=_struct(made.inputs),
                urn=made.address,
                name=made.name,
                options=wire.AnalyzerResourceOptions(protect=made.protect),
            )
        )
        inputs: Mapping[str, Any] | None = None
        diagnostic = ""
        for one in response.remediations:
            if one.HasField("properties"):
                inputs = json_format.MessageToDict(one.properties)
            diagnostic += one.diagnostic
        return inputs, diagnostic


@contextmanager
def engine(*, preview: bool) -> Iterator[Engine]:
    """Start the pack as the language host does, and stop it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."],
        cwd=PACK,
        env={
            **os.environ,
            "PULUMI_PROJECT": "vanta",
            "PULUMI_STACK": "any",
            "PULUMI_DRY_RUN": str(preview).lower(),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise AssertionError(process.communicate()[1])
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Engine(channel)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def _judge_of(properties: Mapping[str, Any]) -> jsonschema.Draft202012Validator:
    """What says whether settings fit a policy's schema, which is itself looked at once."""
    schema = {"type": "object", "properties": properties}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(value), struct_pb2.Struct())


def _provider(made: Made) -> wire.AnalyzerProviderResource | None:
    if made.provider is None:
        return None
    return wire.AnalyzerProviderResource(
        type="pulumi:providers:aws",
        properties=_struct(made.provider),
        urn=f"urn:pulumi:{made.stack}::vanta::pulumi:providers:aws::aws",
        name="aws",
    )


def _member(made: Made) -> wire.AnalyzerResource:
    """As on the wire; most of a stack is the same from one question to the next."""
    kept = _MEMBERS.get(id(made))
    if kept is None or kept[0] is not made:
        kept = _MEMBERS[id(made)] = (made, _encoded(made))
    return kept[1]


_MEMBERS: dict[int, tuple[Made, wire.AnalyzerResource]] = {}


def _encoded(made: Made) -> wire.AnalyzerResource:
    return wire.AnalyzerResource(
        type=made.kind,
        properties=_struct(made.inputs),
        urn=made.address,
        name=made.name,
        options=wire.AnalyzerResourceOptions(protect=made.protect),
        dependencies=sorted({urn for urns in made.needs.values() for urn in urns}),
        propertyDependencies={
            path: wire.AnalyzerPropertyDependencies(urns=urns) for path, urns in made.needs.items()
        },
    )


def _answer(response: wire.AnalyzeResponse) -> Answer:
    said = (
        Said(one.policyName, one.message, _LEVELS[one.enforcementLevel], one.urn)
        for one in response.diagnostics
    )
    return Answer(tuple(said), {one.policy_name: one.reason for one in response.not_applicable})
