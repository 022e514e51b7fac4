"""The clouds that Entra runs in: which hosts serve them and which names their tokens carry.

Source: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud and
https://learn.microsoft.com/graph/deployments. The v1 issuer of the US Government clouds is from memory.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: its authority hosts (the first is the current one), Graph host, and the names in tokens and metadata."""

    name: str
    authority_hosts: tuple[str, ...]
    graph_host: str
    v1_issuer_host: str
    instance_name: str
    missing_properties: frozenset[str] = frozenset()
    """Properties of applications and service principals that Graph does not have in this cloud (by its published schema)."""

    @property
    def graph_resource(self) -> str:
        """The identifier URI of Microsoft Graph in this cloud, which is also the audience of its tokens."""
        return f"https://{self.graph_host}"


_MISSING = frozenset({"certification", "nativeAuthenticationApisEnabled", "samlMetadataUrl", "verifiedPublisher"})
PUBLIC = Cloud("public", ("login.microsoftonline.com",), "graph.microsoft.com", "sts.windows.net", "microsoftonline.com")
US_GOV = Cloud("usgov", ("login.microsoftonline.us",), "graph.microsoft.us", "sts.windows.net", "microsoftonline.us", _MISSING)
US_DOD = Cloud(
    "usdod", ("login.microsoftonline.us",), "dod-graph.microsoft.us", "sts.windows.net", "microsoftonline.us", _MISSING
)
CHINA = Cloud(
    "china",
    ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    "microsoftgraph.chinacloudapi.cn",
    "sts.chinacloudapi.cn",
    "partner.microsoftonline.cn",
    _MISSING,
)
CLOUDS = {cloud.name: cloud for cloud in (PUBLIC, US_GOV, US_DOD, CHINA)}
AUTHORITY_HOSTS = frozenset(host for cloud in CLOUDS.values() for host in cloud.authority_hosts)
GRAPH_HOSTS = frozenset(cloud.graph_host for cloud in CLOUDS.values())
