"""The part of Pulumi's engine that speaks to a dynamic provider."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from infra.lab.provider import MachineProvider

REPOSITORY = Path(__file__).resolve().parents[3]
_KEY = "__provider"


class Engine:
    """Starts the provider's process, and asks it what the engine asks."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pulumi.dynamic"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._ask = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._provider = serialize_provider(MachineProvider())
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._channel.close()
        self._process.kill()
        self._process.communicate()

    def _struct(self, values: dict[str, Any]) -> struct_pb2.Struct:
        struct = struct_pb2.Struct()
        struct.update({**values, _KEY: self._provider})
        return struct

    @staticmethod
    def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
        return {key: value for key, value in struct.items() if key != _KEY}

    def check(self, **inputs: str) -> dict[str, str]:
        """Why each input is refused."""
        asked = provider_pb2.CheckRequest(news=self._struct(inputs))
        return {each.property: each.reason for each in self._ask.Check(asked).failures}

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> tuple[bool, list[str]]:
        """Whether something changes, and what makes it another resource."""
        request = provider_pb2.DiffRequest(id=id_, olds=self._struct(olds), news=self._struct(news))
        answer = self._ask.Diff(request)
        some = provider_pb2.DiffResponse.DIFF_SOME
        return answer.changes == some, list(answer.replaces)

    def create(self, **inputs: str) -> tuple[str, dict[str, Any]]:
        """Make it: its id and outputs."""
        answer = self._ask.Create(provider_pb2.CreateRequest(properties=self._struct(inputs)))
        return answer.id, self._plain(answer.properties)

    def read(self, id_: str, props: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """As it stands; an empty id where it is gone."""
        request = provider_pb2.ReadRequest(id=id_, properties=self._struct(props))
        answer = self._ask.Read(request)
        return answer.id, self._plain(answer.properties)

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Remove it."""
        request = provider_pb2.DeleteRequest(id=id_, properties=self._struct(props))
        self._ask.Delete(request)
