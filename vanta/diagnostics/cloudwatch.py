"""Putting metrics into Amazon CloudWatch; the one module that speaks to a cloud.

Who asks is told by boto3's own chain: on a machine of ours the role of the machine, by its metadata
service. Nothing here reads, takes or keeps a key. What is slow or away costs seconds, and no more
than two tries: a minute later there is another value.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from vanta.diagnostics.cloud_metrics import Datum
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND
from vanta.node.telling import CloudWatchConfig

_CONNECT = 3
_READ = 5
"""Seconds."""
_TRIES = 2


def put(where: CloudWatchConfig, data: Sequence[Datum]) -> None:
    """Put values into the namespace, all with one request.

    Raises:
        UnavailableError: `NO_AWS`, `NO_CREDENTIALS` or `CLOUDWATCH_AWAY`.
        RefusedError: `CLOUDWATCH_REFUSED`.
    """
    try:
        import boto3  # noqa: PLC0415 - on nodes in the cloud only
        from botocore.config import Config  # noqa: PLC0415 - the same
        from botocore.exceptions import (  # noqa: PLC0415 - the same
            BotoCoreError,
            ClientError,
            CredentialRetrievalError,
            NoCredentialsError,
        )
    except ImportError as error:
        raise UnavailableError(
            f"CloudWatch takes boto3: {error}",
            code="NO_AWS",
            remedy="promote a build that was made with `--extra aws`",
        ) from error
    place = f"cloudwatch in {where.region}"
    try:
        client = boto3.client(
            "cloudwatch",
            region_name=where.region,
            config=Config(
                connect_timeout=_CONNECT,
                read_timeout=_READ,
                retries={"mode": "standard", "total_max_attempts": _TRIES},
            ),
        )
        client.put_metric_data(
            Namespace=where.namespace,
            MetricData=[
                {
                    "MetricName": one.name,
                    "Dimensions": [
                        {"Name": name, "Value": value} for name, value in one.dimensions.items()
                    ],
                    "Timestamp": datetime.fromtimestamp(one.at / SECOND, UTC),
                    "Value": one.value,
                    "Unit": one.unit,
                }
                for one in data
            ],
        )
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise UnavailableError(
            "nothing says who this machine is in the cloud",
            code="NO_CREDENTIALS",
            place=place,
            remedy="look whether the machine has a role, and whether this user may reach"
            " 169.254.169.254 (`firewall_metadata_users`)",
        ) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise RefusedError(
            f"it refuses the metrics: {said.get('Code', 'no code')}:"
            f" {' '.join(str(said.get('Message', '')).split())[:300]}",
            code="CLOUDWATCH_REFUSED",
            place=place,
            remedy="hold `metrics.cloudwatch` in etc/node.yaml against the stack's outputs, and the"
            " machine's role against infra/components/identity.py",
        ) from error
    except BotoCoreError as error:
        raise UnavailableError(
            f"it cannot be reached: {' '.join(str(error).split())[:300]}",
            code="CLOUDWATCH_AWAY",
            place=place,
            remedy="see `journalctl -u vanta-proxy -u vanta-resolver`: the name must be among"
            " `egress_services`, and the cloud's endpoint must be there",
        ) from error
