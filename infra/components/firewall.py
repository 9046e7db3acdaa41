"""What may leave: by name, at the network's edge, and nothing else.

Two judges read the same list. Network Firewall reads the name in each TLS handshake and knows which
machine asks, so each has its own list. The DNS firewall answers for listed names only, so that
nothing can be carried out in questions to a name server. A name server that fails answers nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.network import Network
from infra.naming import path
from infra.provider import monitoring, object_store
from infra.topology import NODES, Node, domains_of, outside

nf = aws.networkfirewall

_CAPACITY = 200
"""Of each machine's list; it cannot be changed later, so there is room."""


@dataclass(frozen=True)
class FirewallArgs:
    """The network it stands in, and the machines' addresses, by which it knows them."""

    environment: str
    region: str
    network: Network
    addresses: dict[Node, IPv4Address]
    log_key: pulumi.Input[str]
    log_days: int
    protect: bool


class Firewall(Component):
    """The inspection before the way out, and the name server's."""

    def __init__(self, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("firewall", opts)
        self._args = args
        self.firewall = self._inspection()
        self._names()
        self.register_outputs({})

    def endpoint(self, zone: str) -> pulumi.Output[str]:
        """The endpoint that traffic of an egress zone is routed through."""
        where = f"{self._args.region}{zone}"

        def find(statuses: Sequence[nf.outputs.FirewallFirewallStatus]) -> str:
            states = (state for status in statuses for state in status.sync_states or [])
            for state in states:
                for attachment in state.attachments or []:
                    if state.availability_zone == where:
                        return str(attachment.endpoint_id)
            raise LookupError(f"the firewall has no endpoint in {where}")

        return self.firewall.firewall_statuses.apply(find)

    def _inspection(self) -> aws.networkfirewall.Firewall:
        args = self._args
        policy = nf.FirewallPolicy(
            "egress",
            description="Listed names by TLS, each machine its own; everything else is dropped.",
            firewall_policy=nf.FirewallPolicyFirewallPolicyArgs(
                stateless_default_actions=["aws:forward_to_sfe"],
                stateless_fragment_default_actions=["aws:forward_to_sfe"],
                stateful_engine_options=nf.FirewallPolicyFirewallPolicyStatefulEngineOptionsArgs(
                    rule_order="STRICT_ORDER", stream_exception_policy="DROP"
                ),
                # Until the handshake names the server, nothing can be told: the connection may be
                # opened, and whatever follows without a listed name is dropped.
                stateful_default_actions=["aws:drop_established", "aws:alert_established"],
                stateful_rule_group_references=[
                    nf.FirewallPolicyFirewallPolicyStatefulRuleGroupReferenceArgs(
                        priority=100 * (index + 1), resource_arn=self._allowed(node).arn
                    )
                    for index, node in enumerate(NODES)
                ],
            ),
            opts=self.child(),
        )
        firewall = nf.Firewall(
            "egress",
            vpc_id=args.network.vpc.id,
            firewall_policy_arn=policy.arn,
            subnet_mappings=[
                nf.FirewallSubnetMappingArgs(
                    subnet_id=args.network.subnets["firewall", zone].id, ip_address_type="IPV4"
                )
                for zone in args.network.egress_zones
            ],
            delete_protection=args.protect,
            subnet_change_protection=args.protect,
            # The policy's lists change by pull request; what stands in front of them does not.
            firewall_policy_change_protection=args.protect,
            opts=self.child(),
        )
        nf.LoggingConfiguration(
            "egress",
            firewall_arn=firewall.arn,
            logging_configuration=nf.LoggingConfigurationLoggingConfigurationArgs(
                log_destination_configs=[
                    nf.LoggingConfigurationLoggingConfigurationLogDestinationConfigArgs(
                        log_type=kind,
                        log_destination_type="CloudWatchLogs",
                        log_destination={"logGroup": self._log(f"firewall-{kind.lower()}").name},
                    )
                    for kind in ("ALERT", "FLOW")
                ]
            ),
            opts=self.child(),
        )
        return firewall

    def _allowed(self, node: Node) -> aws.networkfirewall.RuleGroup:
        return nf.RuleGroup(
            node,
            description=f"Names that {node} may reach: infra/topology/egress.yaml.",
            type="STATEFUL",
            capacity=_CAPACITY,
            rule_group=nf.RuleGroupRuleGroupArgs(
                stateful_rule_options=nf.RuleGroupRuleGroupStatefulRuleOptionsArgs(
                    rule_order="STRICT_ORDER"
                ),
                rule_variables=nf.RuleGroupRuleGroupRuleVariablesArgs(
                    ip_sets=[
                        nf.RuleGroupRuleGroupRuleVariablesIpSetArgs(
                            key="HOME_NET",
                            ip_set=nf.RuleGroupRuleGroupRuleVariablesIpSetIpSetArgs(
                                definitions=[f"{self._args.addresses[node]}/32"]
                            ),
                        )
                    ]
                ),
                rules_source=nf.RuleGroupRuleGroupRulesSourceArgs(
                    rules_source_list=nf.RuleGroupRuleGroupRulesSourceRulesSourceListArgs(
                        generated_rules_type="ALLOWLIST",
                        target_types=["TLS_SNI"],
                        targets=domains_of(node),
                    )
                ),
            ),
            opts=self.child(),
        )

    def _names(self) -> None:
        args = self._args
        group = aws.route53.ResolverFirewallRuleGroup("names", opts=self.child())
        lists = (
            ("outside", [f"{entry.domain}." for entry in outside()], "ALLOW"),
            ("provider", self._provider_names(), "ALLOW"),
            ("rest", ["*."], "BLOCK"),
        )
        for index, (name, domains, action) in enumerate(lists):
            aws.route53.ResolverFirewallRule(
                name,
                name=name,
                firewall_rule_group_id=group.id,
                firewall_domain_list_id=aws.route53.ResolverFirewallDomainList(
                    name, domains=sorted(domains), opts=self.child()
                ).id,
                # A vendor's name leads to its content network by names that are not ours to list.
                firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
                priority=100 * (index + 1),
                action=action,
                block_response="NODATA" if action == "BLOCK" else None,
                opts=self.child(),
            )
        aws.route53.ResolverFirewallRuleGroupAssociation(
            "names",
            firewall_rule_group_id=group.id,
            vpc_id=args.network.vpc.id,
            priority=101,
            mutation_protection="ENABLED" if args.protect else "DISABLED",
            opts=self.child(),
        )
        aws.route53.ResolverFirewallConfig(
            "names",
            resource_id=args.network.vpc.id,
            firewall_fail_open="DISABLED",
            opts=self.child(),
        )
        queries = aws.route53.ResolverQueryLogConfig(
            "queries", destination_arn=self._log("queries").arn, opts=self.child()
        )
        aws.route53.ResolverQueryLogConfigAssociation(
            "queries",
            resolver_query_log_config_id=queries.id,
            resource_id=args.network.vpc.id,
            opts=self.child(),
        )

    def _provider_names(self) -> list[str]:
        """Names of AWS itself, and ours; not `*.amazonaws.com`, where anybody can have one."""
        region = self._args.region
        services = ("ssm", "ssmmessages", "ec2messages", "secretsmanager", "kms", "logs")
        return [
            *(f"{service}.{region}.amazonaws.com." for service in services),
            f"{monitoring(region)}.",
            f"{object_store(region)}.",
            f"s3.{region}.amazonaws.com.",
            f"*.s3.{region}.amazonaws.com.",
            f"*.{region}.rds.amazonaws.com.",
            f"*.{self._args.environment}.vanta.internal.",
        ]

    def _log(self, name: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            name,
            name=f"/{path(self._args.environment, name)}",
            retention_in_days=self._args.log_days,
            kms_key_id=self._args.log_key,
            opts=self.child(),
        )
