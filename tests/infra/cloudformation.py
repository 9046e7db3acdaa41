"""The risky types of a graph in the shape of CloudFormation, whose schema cfn-lint has offline.

The SDK checks that a field exists; it does not check that an instance class, a retention or a
token's value does. Only types where a wrong value is dangerous are mapped: a mapping for everything
would mostly test itself.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.infra.recording import Recording, Resource

Properties = dict[str, Any]


def template_of(recording: Recording) -> dict[str, Any]:
    """A template with every resource of a mapped type."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            _logical(resource): {"Type": kind, "Properties": mapped(_whole(resource), recording)}
            for token, (kind, mapped) in MAPPED.items()
            for resource in recording.of(token)
        },
    }


def _logical(resource: Resource) -> str:
    words = f"{resource.type.split(':')[-1]}-{resource.name}".split("-")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _whole(resource: Resource) -> Resource:
    """With whole numbers where the wire, which knows no others, has floats."""
    return Resource(**{**resource.__dict__, "inputs": _integers(resource.inputs)})


def _integers(value: Any) -> Any:  # noqa: ANN401 - a tree of plain values
    if isinstance(value, dict):
        return {key: _integers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_integers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _upper(value: Any) -> Any:  # noqa: ANN401 - a tree of plain values
    """The same tree with keys that begin in upper case."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _upper(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_upper(inner) for inner in value]
    return value


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _plainly(renamed: Mapping[str, str] | None = None, *, drop: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
    """Keys as they are but for their first letter, and those that are called otherwise."""
    names = renamed or {}

    def mapped(resource: Resource, _recording: Recording) -> Properties:
        found: Properties = {}
        for key, value in resource.inputs.items():
            if key in {"tags", "region", *drop}:
                continue
            name = names.get(key, key[:1].upper() + key[1:])
            text = isinstance(value, str) and value.startswith('{"Version"')
            found[name] = json.loads(value) if text else _upper(value)
        if "tags" in resource.inputs:
            found["Tags"] = _tags(resource.inputs["tags"])
        return found

    return mapped


def _instance(resource: Resource, _recording: Recording) -> Properties:
    inputs = resource.inputs
    root = dict(inputs["rootBlockDevice"])
    root.pop("tags", None)
    return {
        "ImageId": inputs["ami"],
        "InstanceType": inputs["instanceType"],
        "SubnetId": inputs["subnetId"].split("@")[0],
        "PrivateIpAddress": inputs["privateIp"],
        "SecurityGroupIds": inputs["vpcSecurityGroupIds"],
        "IamInstanceProfile": inputs["iamInstanceProfile"],
        "EbsOptimized": inputs["ebsOptimized"],
        "Monitoring": inputs["monitoring"],
        "DisableApiTermination": inputs["disableApiTermination"],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": _upper(root)}],
        "Tags": _tags(inputs["tags"]),
    }


def _launch(resource: Resource, _recording: Recording) -> Properties:
    """CloudFormation's instance has no metadata options; its launch template does."""
    options = dict(resource.inputs["metadataOptions"])
    maintenance = resource.inputs["maintenanceOptions"]
    return {
        "LaunchTemplateData": {
            "MetadataOptions": _upper(options),
            "MaintenanceOptions": _upper(maintenance),
        }
    }


def _database(resource: Resource, _recording: Recording) -> Properties:
    renamed = {
        "dbName": "DBName",
        "instanceClass": "DBInstanceClass",
        "identifier": "DBInstanceIdentifier",
        "username": "MasterUsername",
        "dbSubnetGroupName": "DBSubnetGroupName",
        "parameterGroupName": "DBParameterGroupName",
        "vpcSecurityGroupIds": "VPCSecurityGroups",
        "multiAz": "MultiAZ",
        "kmsKeyId": "KmsKeyId",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "caCertIdentifier": "CACertificateIdentifier",
        "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    }
    found: Properties = _plainly(
        renamed,
        drop=(
            "skipFinalSnapshot",
            "finalSnapshotIdentifier",
            "masterUserSecretKmsKeyId",
            "applyImmediately",
        ),
    )(resource, _recording)
    found["MasterUserSecret"] = {"KmsKeyId": resource.inputs["masterUserSecretKmsKeyId"]}
    found["AllocatedStorage"] = str(found["AllocatedStorage"])
    found["Port"] = str(found["Port"])
    return found


def _bucket(resource: Resource, recording: Recording) -> Properties:
    """One resource there, and one for each of its sides here."""

    def side(kind: str) -> Properties:
        token = f"aws:s3/bucket{kind}:Bucket{kind}"
        return _whole(recording.one(token, resource.name)).inputs

    [encryption] = side("ServerSideEncryptionConfiguration")["rules"]
    lock = side("ObjectLockConfiguration")
    default = encryption["applyServerSideEncryptionByDefault"]
    block = side("PublicAccessBlock")
    return {
        "ObjectLockEnabled": resource.inputs["objectLockEnabled"],
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": lock["objectLockEnabled"],
            "Rule": _upper(lock["rule"]),
        },
        "VersioningConfiguration": _upper(side("Versioning")["versioningConfiguration"]),
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": encryption["bucketKeyEnabled"],
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": default["sseAlgorithm"],
                        "KMSMasterKeyID": default["kmsMasterKeyId"],
                    },
                }
            ]
        },
        "PublicAccessBlockConfiguration": {
            key[:1].upper() + key[1:]: block[key]
            for key in (
                "blockPublicAcls",
                "blockPublicPolicy",
                "ignorePublicAcls",
                "restrictPublicBuckets",
            )
        },
        "OwnershipControls": {"Rules": [_upper(side("OwnershipControls")["rule"])]},
        "Tags": _tags(resource.inputs["tags"]),
    }


def _group(resource: Resource, _recording: Recording) -> Properties:
    return {
        "GroupDescription": resource.inputs["description"],
        "VpcId": resource.inputs["vpcId"],
        "Tags": _tags(resource.inputs["tags"]),
    }


def _opening(peer: str) -> Callable[[Resource, Recording], Properties]:
    def mapped(resource: Resource, _recording: Recording) -> Properties:
        inputs = resource.inputs
        found = {
            "GroupId": inputs["securityGroupId"],
            "IpProtocol": inputs["ipProtocol"],
            "FromPort": inputs["fromPort"],
            "ToPort": inputs["toPort"],
            "Description": inputs["description"],
        }
        if "cidrIpv4" in inputs:
            return {**found, "CidrIp": inputs["cidrIpv4"]}
        return {**found, peer: inputs["referencedSecurityGroupId"]}

    return mapped


def _role_policy(resource: Resource, _recording: Recording) -> Properties:
    return {
        "PolicyName": resource.name,
        "RoleName": resource.inputs["role"],
        "PolicyDocument": json.loads(resource.inputs["policy"]),
    }


def _key(resource: Resource, _recording: Recording) -> Properties:
    return {
        "Description": resource.inputs["description"],
        "EnableKeyRotation": resource.inputs["enableKeyRotation"],
        "PendingWindowInDays": resource.inputs["deletionWindowInDays"],
        "KeyPolicy": json.loads(resource.inputs["policy"]),
        "Tags": _tags(resource.inputs["tags"]),
    }


MAPPED: dict[str, tuple[str, Callable[[Resource, Recording], Properties]]] = {
    "aws:ec2/instance:Instance": ("AWS::EC2::Instance", _instance),
    "aws:rds/instance:Instance": ("AWS::RDS::DBInstance", _database),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", _bucket),
    "aws:s3/bucketPolicy:BucketPolicy": (
        "AWS::S3::BucketPolicy",
        _plainly({"policy": "PolicyDocument"}),
    ),
    "aws:iam/role:Role": (
        "AWS::IAM::Role",
        _plainly({"assumeRolePolicy": "AssumeRolePolicyDocument"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": ("AWS::IAM::RolePolicy", _role_policy),
    "aws:ec2/securityGroup:SecurityGroup": ("AWS::EC2::SecurityGroup", _group),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "AWS::EC2::SecurityGroupIngress",
        _opening("SourceSecurityGroupId"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "AWS::EC2::SecurityGroupEgress",
        _opening("DestinationSecurityGroupId"),
    ),
    "aws:kms/key:Key": ("AWS::KMS::Key", _key),
    "aws:ebs/volume:Volume": (
        "AWS::EC2::Volume",
        _plainly({"type": "VolumeType"}),
    ),
}
"""By token: the type there, and how its properties are found."""


def launches_of(recording: Recording) -> dict[str, Any]:
    """A template with the options of each machine that only a launch template has."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            f"Launch{_logical(machine)}": {
                "Type": "AWS::EC2::LaunchTemplate",
                "Properties": _launch(_whole(machine), recording),
            }
            for machine in recording.of("aws:ec2/instance:Instance")
        },
    }
