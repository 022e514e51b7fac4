"""Microsoft's own authentication library, unchanged, against the emulator over TLS."""

from datetime import UTC, datetime, timedelta

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.server import CallerAccount, EntraEmulator

GRAPH = ["https://graph.microsoft.com/.default"]
OWNED_BY = ("Application.ReadWrite.OwnedBy",)


@pytest.fixture(autouse=True)
def _own_certificates_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` lets these variables override what a client was told to verify with."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def confidential(served: EntraEmulator, client_id: str, credential: object, **more: object) -> msal.ConfidentialClientApplication:
    """MSAL's client for the emulator's tenant."""
    authority = f"{served.url}/{served.tenant_id}"
    options = {"instance_discovery": False, "verify": served.ca_file, **more}
    return msal.ConfidentialClientApplication(client_id, authority=authority, client_credential=credential, **options)


def assert_graph_takes(served: EntraEmulator, answer: dict[str, object]) -> None:
    """Graph accepts the token that MSAL got."""
    assert "access_token" in answer, answer
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    listed = requests.get(f"{served.url}/v1.0/applications", headers=headers, verify=served.ca_file, timeout=10)
    assert listed.status_code == 200


def key_pair() -> tuple[str, str, bytes]:
    """A private key and its certificate as PEM, and the certificate as DER."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bridge")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return private, pem, certificate.public_bytes(serialization.Encoding.DER)


def test_msal_gets_a_token_with_a_secret(served: EntraEmulator) -> None:
    account = served.add_caller("bridge", OWNED_BY)
    application = confidential(served, account.client_id, account.client_secret)
    assert_graph_takes(served, application.acquire_token_for_client(GRAPH))
    assert application.acquire_token_for_client(GRAPH)["token_source"] == "cache"


def test_msal_finds_the_authority_by_instance_discovery(served: EntraEmulator) -> None:
    account = served.add_caller("bridge", OWNED_BY)
    discovery = f"{served.url}/common/discovery/instance"
    application = confidential(served, account.client_id, account.client_secret, instance_discovery=discovery)
    assert_graph_takes(served, application.acquire_token_for_client(GRAPH))


def test_msal_reads_the_error_of_a_wrong_secret(served: EntraEmulator) -> None:
    account = served.add_caller("bridge", OWNED_BY)
    answer = confidential(served, account.client_id, "wrong").acquire_token_for_client(GRAPH)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000215])


@pytest.mark.parametrize("form", ["x5c", "thumbprint"])
def test_msal_gets_a_token_with_a_certificate(served: EntraEmulator, form: str) -> None:
    account = served.add_caller("bridge", OWNED_BY, secret=False)
    private, pem, der = key_pair()
    served.add_certificate(account.object_id, der)
    credential = {"private_key": private}
    if form == "x5c":
        credential["public_certificate"] = pem
    else:
        credential["thumbprint"] = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex()
    answer = confidential(served, account.client_id, credential).acquire_token_for_client(GRAPH)
    assert_graph_takes(served, answer)
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["appidacr"] == "2"


def test_msal_is_refused_with_a_certificate_that_is_not_registered(served: EntraEmulator) -> None:
    account = served.add_caller("bridge", OWNED_BY, secret=False)
    private, pem, _ = key_pair()
    credential = {"private_key": private, "public_certificate": pem}
    answer = confidential(served, account.client_id, credential).acquire_token_for_client(GRAPH)
    assert answer["error_codes"] == [700027]


def federated(served: EntraEmulator, account: CallerAccount, **changes: object) -> dict[str, object]:
    """What MSAL gets for an outside issuer's assertion that fits, but for `changes`, the federated credential."""
    key = rsa.generate_private_key(65537, 2048)
    served.trust_issuer("https://issuer.example", {"one": key.public_key()})
    record = served.directory.applications.live[account.object_id]
    audience = "api://AzureADTokenExchange"
    credential = {"id": "1", "name": "one", "issuer": "https://issuer.example", "subject": "job", "audiences": [audience]}
    record.federated = [credential]
    now = datetime.now(UTC)
    claims = {"iss": "https://issuer.example", "sub": "job", "aud": audience, "iat": now, "exp": now + timedelta(minutes=5)}
    assertion = jwt.encode({**claims, **changes}, key, "RS256", {"kid": "one"})
    application = confidential(served, account.client_id, {"client_assertion": lambda: assertion})
    return dict(application.acquire_token_for_client(GRAPH))


def test_msal_gets_a_token_with_a_federated_assertion(served: EntraEmulator) -> None:
    assert_graph_takes(served, federated(served, served.add_caller("bridge", OWNED_BY, secret=False)))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"sub": "other"}, 700021), ({"iss": "https://evil.example"}, 700021), ({"aud": "x"}, 700021), ({"exp": 1}, 700024)],
)
def test_msal_is_refused_with_an_assertion_that_does_not_fit(served: EntraEmulator, change: dict[str, object], code: int) -> None:
    answer = federated(served, served.add_caller("bridge", OWNED_BY, secret=False), **change)
    assert answer["error_codes"] == [code]


@pytest.mark.parametrize("user_assigned", [False, True])
def test_msal_gets_a_token_as_a_managed_identity(
    served: EntraEmulator, monkeypatch: pytest.MonkeyPatch, user_assigned: bool
) -> None:
    account = served.add_managed_identity("function app", OWNED_BY, user_assigned)
    for name, value in served.identity_environment.items():
        monkeypatch.setenv(name, value)
    session = requests.Session()
    session.verify = served.ca_file
    identity = (
        msal.UserAssignedManagedIdentity(client_id=account.client_id) if user_assigned else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(identity, http_client=session)
    assert_graph_takes(served, client.acquire_token_for_client(resource="https://graph.microsoft.com"))


def test_msal_declares_its_capability_and_goes_past_a_claims_challenge(served: EntraEmulator) -> None:
    account = served.add_caller("bridge", OWNED_BY)
    application = confidential(served, account.client_id, account.client_secret, client_capabilities=["cp1"])
    answer = application.acquire_token_for_client(GRAPH)
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["xms_cc"] == ["cp1"]
    again = application.acquire_token_for_client(GRAPH, claims_challenge='{"access_token":{"nbf":{"essential":true}}}')
    assert again["token_source"] == "identity_provider"


def test_msal_walks_the_device_flow(served: EntraEmulator) -> None:
    account = served.add_caller("device", secret=False)
    record = served.directory.applications.live[account.object_id]
    served.directory.write_application(record, {"isFallbackPublicClient": True})
    user = served.add_user("grace@example.com")
    authority = f"{served.url}/{served.tenant_id}"
    application = msal.PublicClientApplication(
        account.client_id, authority=authority, instance_discovery=False, verify=served.ca_file
    )
    flow = application.initiate_device_flow(["User.Read"])
    served.sts.devices.decide(flow["user_code"], user)
    answer = application.acquire_token_by_device_flow(flow)
    assert answer["id_token_claims"]["preferred_username"] == "grace@example.com"
    assert application.acquire_token_silent(["User.Read"], application.get_accounts()[0])["access_token"]
