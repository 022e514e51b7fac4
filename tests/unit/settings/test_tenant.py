"""Settings of the tenant and of the bridge's own identity."""

from pathlib import Path

import pytest
import trustme

from shared.environment import Environment
from shared.graph.identity import ClientCertificate, ClientSecretIdentity, ManagedIdentity
from shared.settings.tenant import TenantSettings, read_tenant

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
CLIENT = "7e57ab1e-5555-4666-8777-d88899900011"
BASE = {"ENTRA_TENANT_ID": TENANT, "ENTRA_CLIENT_ID": CLIENT}
PEM = (
    "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n"
)


def read(variables: dict[str, str]) -> tuple[TenantSettings, list[str]]:
    environment = Environment(variables)
    tenant = read_tenant(environment)
    return tenant, [problem.name for problem in environment.problems]


def test_reads_a_secret_and_hides_it() -> None:
    tenant, wrong = read({**BASE, "ENTRA_CLIENT_SECRET": "s3cret"})
    assert wrong == []
    assert isinstance(tenant.identity, ClientSecretIdentity)
    assert tenant.identity.secret.reveal() == "s3cret"
    assert "s3cret" not in repr(tenant)


def test_reads_a_certificate_from_the_setting_itself_with_escaped_line_ends() -> None:
    tenant, wrong = read({**BASE, "ENTRA_CLIENT_CERTIFICATE": PEM.replace("\n", "\\n")})
    assert wrong == []
    assert isinstance(tenant.identity, ClientCertificate)
    assert tenant.identity.certificate.startswith("-----BEGIN CERTIFICATE-----\n")
    assert "QUJD" not in repr(tenant)


def test_reads_a_certificate_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "bridge.pem").write_text(PEM)
    tenant, wrong = read({**BASE, "ENTRA_CLIENT_CERTIFICATE": str(tmp_path / "bridge.pem")})
    assert wrong == []
    assert isinstance(tenant.identity, ClientCertificate)


@pytest.mark.parametrize(("value", "client_id"), [("system", ""), (CLIENT, CLIENT)])
def test_reads_a_managed_identity_that_needs_no_client_id_of_its_own(value: str, client_id: str) -> None:
    tenant, wrong = read({"ENTRA_TENANT_ID": TENANT, "ENTRA_MANAGED_IDENTITY": value})
    assert (tenant.identity, wrong) == (ManagedIdentity(client_id), [])


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_TENANT_ID": "example.onmicrosoft.com"}, "ENTRA_TENANT_ID"),
        ({"ENTRA_TENANT_ID": TENANT, "ENTRA_CLIENT_SECRET": "s"}, "ENTRA_CLIENT_ID"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_CLIENT_ID": "bridge"}, "ENTRA_CLIENT_ID"),
        (BASE, "ENTRA_CLIENT_SECRET"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "0D9E8F7A-2222-4333-8444-a55566677788"}, "ENTRA_CLIENT_SECRET"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_MANAGED_IDENTITY": "system"}, "ENTRA_CLIENT_SECRET"),
        ({**BASE, "ENTRA_MANAGED_IDENTITY": "mine"}, "ENTRA_MANAGED_IDENTITY"),
        ({**BASE, "ENTRA_CLIENT_CERTIFICATE": "/no/such/file.pem"}, "ENTRA_CLIENT_CERTIFICATE"),
        ({**BASE, "ENTRA_CLIENT_CERTIFICATE": PEM[:60]}, "ENTRA_CLIENT_CERTIFICATE"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_CLOUD": "moon"}, "ENTRA_CLOUD"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_GRAPH_URL": "https://graph.example/v1.0"}, "ENTRA_GRAPH_URL"),
        ({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_CA_BUNDLE": "/no/such/ca.pem"}, "ENTRA_CA_BUNDLE"),
    ],
)
def test_names_the_wrong_setting(variables: dict[str, str], name: str) -> None:
    assert read(variables)[1] == [name]


def test_a_ca_bundle_has_an_older_name(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    path = str(tmp_path / "ca.pem")
    usual = {**BASE, "ENTRA_CLIENT_SECRET": "s"}
    for given in ({"BRIDGE_CA_BUNDLE": path}, {"ENTRA_CA_BUNDLE": path}, {"BRIDGE_CA_BUNDLE": path, "ENTRA_CA_BUNDLE": path}):
        tenant, wrong = read({**usual, **given})
        assert (tenant.verify, wrong) == (path, [])
    (tmp_path / "other.pem").write_bytes(trustme.CA().cert_pem.bytes())
    _, wrong = read({**usual, "BRIDGE_CA_BUNDLE": path, "ENTRA_CA_BUNDLE": str(tmp_path / "other.pem")})
    assert wrong == ["ENTRA_CA_BUNDLE"]
    assert read({**usual, "BRIDGE_CA_BUNDLE": str(tmp_path / "none.pem")})[1] == ["BRIDGE_CA_BUNDLE"]


def test_refuses_a_ca_bundle_together_with_no_validation(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    variables = {
        **BASE,
        "ENTRA_CLIENT_SECRET": "s",
        "ENTRA_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "ENTRA_SKIP_CERTIFICATE_VALIDATION": "true",
    }
    assert read(variables)[1] == ["ENTRA_SKIP_CERTIFICATE_VALIDATION"]


@pytest.mark.parametrize(
    ("cloud", "authority", "graph"),
    [
        ("public", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("usgov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("usgov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        ("china", "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_knows_the_hosts_of_each_national_cloud(cloud: str, authority: str, graph: str) -> None:
    tenant, wrong = read({**BASE, "ENTRA_CLIENT_SECRET": "s", "ENTRA_CLOUD": cloud})
    assert wrong == []
    assert (tenant.cloud.authority, tenant.cloud.graph) == (authority, graph)
