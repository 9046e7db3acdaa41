"""Runs the program in earnest and keeps what it asks the engine for.

The program is `infra/__main__.py` as Pulumi runs it, with the stack file as it lies in the
repository and the samples in it replaced. Only the engine is not there: a monitor takes its place,
keeps every request as it arrived on the wire, and answers with identifiers made up from names. So
what is tested is the graph. Whether the cloud takes it, only the cloud knows.
"""

import asyncio
import contextlib
import contextvars
import gc
import json
import runpy
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf import json_format
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import run_in_stack

from infra import samples
from tests.infra.made_up import ACCOUNT, Asked, made_up
from tests.infra.sharing import made_once

INFRA = Path(__file__).parents[2] / "infra"
ENVIRONMENTS = ("dev", "staging", "prod")

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the wire says that a value is not known before the resource exists."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the wire's mark of one

_FILLED = {
    samples.ACCOUNT: ACCOUNT,
    samples.IMAGE: "ami-0f00d5eed00d5eed0",
    samples.OPERATORS: "8.8.4.0/28",
    samples.KEY: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO0O8qkXxkFcs5lMZ2RXnO9WkV2N7Vf6d9uz ops",
}


class UnstubbedCallError(Exception):
    """The program asked the provider something that no test has an answer to."""


@dataclass(frozen=True)
class Resource:
    """One request to register a resource."""

    type: str
    name: str
    urn: str
    parent: str
    """The parent's URN; empty for the stack itself."""
    inputs: dict[str, Any]
    """As on the wire: camelCase, numbers as floats, secrets in their envelopes."""
    custom: bool
    protect: bool
    provider: str
    after: tuple[str, ...]
    """URNs of what must exist first."""
    uses: dict[str, tuple[str, ...]]
    """URNs that each input is made of."""
    aliases: tuple[str, ...]
    answers: dict[str, Any] = field(default_factory=dict, compare=False)
    """What the monitor made up of it, its id among it; nothing in a preview."""

    @property
    def parent_name(self) -> str:
        """The logical name of the parent."""
        return self.parent.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Recording:
    """What one run of the program asked for."""

    stack: str
    preview: bool
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]
    """As on the wire."""

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    def of(self, kind: str) -> list[Resource]:
        """Every resource of one type, by its token."""
        return self._by_type.get(kind, [])

    def one(self, kind: str, name: str) -> Resource:
        """The one resource with this type and name."""
        found = [resource for resource in self.of(kind) if resource.name == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]


def config_of(stack: str) -> dict[str, Any]:
    """The configuration in a stack file, as it is written there."""
    text = (INFRA / f"Pulumi.{stack}.yaml").read_text()
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


def filled(value: object) -> Any:  # noqa: ANN401 - as it came
    """The same configuration with somebody's own values in place of the samples."""
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner) for inner in value]
    if isinstance(value, str):
        value = value.replace(f"@{samples.MAIL_DOMAIN}", "@vanta.fund")
        return _FILLED.get(value, value)
    return value


def record(
    stack: str,
    *,
    preview: bool = False,
    config: Mapping[str, Any] | None = None,
    secrets: tuple[str, ...] = (),
    program: Callable[[], object] | None = None,
) -> Recording:
    """Run the program once, apart from every other run in this process.

    Args:
        stack: name of the stack.
        preview: whether what is not known before an `up` stays unknown.
        config: its configuration; without it the stack file's, with the samples replaced.
        secrets: keys that are encrypted in it.
        program: what to run; without it `infra/__main__.py`.
    """
    values = filled(config_of(stack)) if config is None else dict(config)
    monitor = _Monitor(preview=preview)
    failures: list[BaseException] = []

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # The monitor answers in one thread, whose event loop can be closed when all is done.
        monitor_thread = ThreadPoolExecutor(1)
        loop.set_default_executor(monitor_thread)
        # Where there is no root, the mocks make one; the program's own is to be the only one.
        settings.set_root_resource(pulumi.Resource.__new__(pulumi.Resource))
        mocks.set_mocks(
            _Answers(preview=preview),
            project="vanta",
            stack=stack,
            preview=preview,
            monitor=monitor,
        )
        settings.set_root_resource(None)  # type: ignore[arg-type] # there is none yet
        set_all_config({key: _text(value) for key, value in values.items()}, list(secrets))
        act = program or (lambda: runpy.run_path(str(INFRA / "__main__.py"), run_name="__main__"))
        try:
            loop.run_until_complete(run_in_stack(lambda: _nothing(act())))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that asked
            failures.append(error)
        finally:
            monitor_thread.submit(_close_loop).result()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    # The SDK keeps its state in context variables: an empty context is a process of its own.
    thread = threading.Thread(target=lambda: contextvars.Context().run(run))
    garbage = gc.get_threshold()
    thread.start()
    thread.join()
    # The program sets it for a process that is its own.
    gc.set_threshold(*garbage)
    if failures:
        raise failures[0]
    return Recording(
        stack=stack,
        preview=preview,
        resources=tuple(sorted(monitor.requests, key=lambda found: (found.type, found.name))),
        outputs=monitor.outputs,
    )


def recorded(stack: str, *, preview: bool = False) -> Recording:
    """The recording of a stack as it lies in the repository, made once a session."""
    # To a cache, an argument that is left out is another call than the same one that is said.
    return _recorded(stack, preview)


@cache
def _recorded(stack: str, preview: bool) -> Recording:  # noqa: FBT001 - a key
    name = f"{stack}-{'preview' if preview else 'update'}"
    return made_once(name, lambda: record(stack, preview=preview))


def _close_loop() -> None:
    # There is none where the program registered nothing.
    with contextlib.suppress(RuntimeError):
        asyncio.get_event_loop_policy().get_event_loop().close()


def _nothing(_: object) -> None:
    """The stack awaits what a program returns; ours return nothing to wait for."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Answers(mocks.Mocks):
    """Identifiers as the provider would give them, made up from the name."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise UnstubbedCallError(
            f"{args.token}({args.args}): the program asks the provider nothing"
        )

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if self._preview or not args.custom:
            return None, dict(args.inputs)
        return made_up(Asked(args.typ, args.name, args.inputs))


class _Monitor(mocks.MockMonitor):
    """Keeps each request, and builds URNs as the engine does."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(_Answers(preview=preview))
        self.requests: list[Resource] = []
        self.outputs: dict[str, Any] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        # The SDK's own keeps the last part of a parent's type only.
        above = parent.split("::")[2] if parent else ""
        if above and not above.endswith("pulumi:pulumi:Stack"):
            type_ = f"{above}${type_}"
        return "::".join(
            (f"urn:pulumi:{settings.get_stack()}", settings.get_project(), type_, name)
        )

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the wire's own
        found = Resource(
            type=request.type,
            name=request.name,
            urn=self.make_urn(request.parent, request.type, request.name),
            parent=request.parent,
            inputs=json_format.MessageToDict(request.object),
            custom=request.custom,
            protect=request.protect,
            provider=request.provider,
            after=tuple(sorted(request.dependencies)),
            uses={
                key: tuple(sorted(found.urns))
                for key, found in sorted(request.propertyDependencies.items())
                if found.urns
            },
            aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
        )
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        known = self.resources.get(found.urn)
        answers = {"id": known.id, **known.state} if known and known.id else {}
        self.requests.append(replace(found, answers=answers))
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ANN401, N802 - the wire's own
        if "pulumi:pulumi:Stack" in request.urn:
            self.outputs = json_format.MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def values_in(tree: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf of a tree of plain values with its path."""
    if isinstance(tree, dict):
        for key, inner in sorted(tree.items()):
            yield from values_in(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for index, inner in enumerate(tree):
            yield from values_in(inner, f"{path}[{index}]")
    else:
        yield path, tree
