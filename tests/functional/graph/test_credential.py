"""The bridge's own identity in all three forms, through MSAL, against the emulated token service."""

import datetime
import logging
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.server import EntraEmulator
from shared.clock import SystemClock
from shared.graph.client import GraphClient
from shared.graph.clouds import Cloud
from shared.graph.credential import MsalCredential
from shared.graph.directory import Directory
from shared.graph.errors import PermissionRefused, Unavailable
from shared.graph.identity import ClientCertificate, ClientSecretIdentity, Identity, ManagedIdentity
from shared.graph.session import DirectorySession
from shared.retry import Deadline
from shared.secret import Secret

ROLES = ("Application.ReadWrite.OwnedBy",)


@pytest.fixture(scope="module")
def entra() -> Iterator[EntraEmulator]:
    with EntraEmulator() as emulator:
        yield emulator


def credential(entra: EntraEmulator, identity: Identity, verify: str | bool | None = None) -> MsalCredential:
    cloud = Cloud("test", entra.url, entra.url)
    return MsalCredential(identity, entra.tenant_id, cloud, DirectorySession(entra.ca_file if verify is None else verify))


def soon() -> Deadline:
    return Deadline.after(SystemClock(), 10)


def creates_an_application(entra: EntraEmulator, identity: Identity) -> bool:
    """Whether Graph takes the identity's token, and lets it do what the bridge does."""
    clock = SystemClock()
    graph = GraphClient(f"{entra.url}/v1.0", credential(entra, identity), DirectorySession(entra.ca_file), clock)
    made = Directory(graph).create_application({"displayName": "x", "signInAudience": "AzureADMyOrg"}, Deadline.after(clock, 20))
    return entra.directory.applications.by_key["appId"][made["appId"]].alive


def certificate_pair() -> tuple[str, str]:
    """A private key and a self-signed certificate, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bridge")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), built.public_bytes(serialization.Encoding.PEM).decode()


def test_a_client_secret_opens_the_directory(entra: EntraEmulator) -> None:
    caller = entra.add_caller("secret", roles=ROLES)
    assert creates_an_application(entra, ClientSecretIdentity(caller.client_id, Secret(caller.client_secret or "")))


def test_a_certificate_opens_the_directory(entra: EntraEmulator) -> None:
    caller = entra.add_caller("certificate", roles=ROLES, secret=False)
    key, certificate = certificate_pair()
    der = x509.load_pem_x509_certificate(certificate.encode()).public_bytes(serialization.Encoding.DER)
    entra.add_certificate(caller.object_id, der)
    assert creates_an_application(entra, ClientCertificate(caller.client_id, Secret(key), certificate))


def test_a_managed_identity_opens_the_directory_without_any_secret(entra: EntraEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    entra.add_managed_identity("function app", roles=ROLES)
    for name, value in entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    assert creates_an_application(entra, ManagedIdentity())


def test_a_wrong_secret_is_told_by_its_code_and_not_shown(entra: EntraEmulator, caplog: pytest.LogCaptureFixture) -> None:
    caller = entra.add_caller("wrong", roles=ROLES)
    with caplog.at_level(logging.DEBUG), pytest.raises(PermissionRefused) as raised:
        credential(entra, ClientSecretIdentity(caller.client_id, Secret("not-the-s3cret"))).token(soon())
    assert "7000215" in str(raised.value)
    assert "not-the-s3cret" not in caplog.text + str(raised.value)


def test_an_unknown_tenant_is_a_set_up_error(entra: EntraEmulator) -> None:
    caller = entra.add_caller("elsewhere", roles=ROLES)
    cloud = Cloud("test", entra.url, entra.url)
    identity = ClientSecretIdentity(caller.client_id, Secret(caller.client_secret or ""))
    session = DirectorySession(entra.ca_file)
    with pytest.raises(PermissionRefused):
        MsalCredential(identity, "00000000-1111-4222-8333-444444444444", cloud, session).token(soon())


def test_a_token_service_that_can_not_be_reached_is_an_outage(entra: EntraEmulator) -> None:
    cloud = Cloud("test", "https://127.0.0.1:9", entra.url)
    identity = ClientSecretIdentity("x", Secret("y"))
    with pytest.raises(Unavailable):
        MsalCredential(identity, entra.tenant_id, cloud, DirectorySession(entra.ca_file)).token(soon())


def test_an_untrusted_certificate_is_refused_whatever_the_environment_says(
    entra: EntraEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = entra.add_caller("untrusting", roles=ROLES)
    identity = ClientSecretIdentity(caller.client_id, Secret(caller.client_secret or ""))
    # The machine's own certificates don't vouch for the emulator; the setting does, also while the environment names other ones.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(Unavailable):
        credential(entra, identity, verify=True).token(soon())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    assert credential(entra, identity).token(soon())


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_validation_can_be_skipped_by_the_explicit_setting_alone(entra: EntraEmulator) -> None:
    caller = entra.add_caller("trusting", roles=ROLES)
    identity = ClientSecretIdentity(caller.client_id, Secret(caller.client_secret or ""))
    assert credential(entra, identity, verify=False).token(soon())


def test_a_token_is_kept_until_a_fresh_one_is_asked_for(entra: EntraEmulator) -> None:
    caller = entra.add_caller("keeper", roles=ROLES)
    held = credential(entra, ClientSecretIdentity(caller.client_id, Secret(caller.client_secret or "")))
    first = held.token(soon())
    assert held.token(soon()) == first
    assert held.token(soon(), rejected=first) != first
