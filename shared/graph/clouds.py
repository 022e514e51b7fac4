"""Microsoft's national clouds: where each keeps its token service and its Graph.

Source: learn.microsoft.com/entra/identity-platform/authentication-national-cloud and learn.microsoft.com/graph/deployments.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Cloud(NamedTuple):
    """One cloud. `authority`, `graph` and `portal`, Azure's portal, are https origins without a trailing slash."""

    name: str
    authority: str
    graph: str
    portal: str = "https://portal.azure.com"

    @property
    def graph_scope(self) -> str:
        """The scope that asks for all Graph permissions granted to the bridge."""
        return f"{self.graph}/.default"


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            Cloud("public", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
            Cloud("usgov", "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://portal.azure.us"),
            Cloud("usgov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://portal.azure.us"),
            Cloud(
                "china",
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                "https://portal.azure.cn",
            ),
        )
    }
)
