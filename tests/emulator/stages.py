"""What each recorded example needs to be there before its request, with the very ids of the examples."""

from collections.abc import Callable
from datetime import datetime

from emulator.consistency import CALM
from emulator.directory.record import Record
from emulator.directory.secrets import digest
from emulator.server import EntraEmulator

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
CALLER = "7e57ab1e-5555-4666-8777-d88899900011"
OBJECT_ID = "a1b2c3d4-1111-4222-8333-944455566677"
APP_ID = "0d9e8f7a-2222-4333-8444-a55566677788"
OTHER_PRINCIPAL = "b41d6e00-4444-4555-8666-c77788899900"
PRINCIPAL = "c0ffee00-3333-4444-8555-b66677788899"
KEY_ID = "9b8a7c6d-6666-4777-8888-e99900011122"
POLICY = "7c2d1b00-9999-4aaa-8bbb-122233344455"
SECRET = "ex4mple~not.a.real-secret_value_0123456"
ROLES = ("Application.ReadWrite.OwnedBy", "Directory.Read.All", "Policy.Read.All")


class Stage:
    """An emulator at the moment of the examples, with their calling client and the other principal they mention."""

    def __init__(self) -> None:
        self.entra = entra = EntraEmulator(tenant_id=TENANT, lag=CALM)
        entra.clock.freeze()
        entra.clock.set(datetime.fromisoformat("2026-11-22T10:00:00Z"))
        directory = entra.directory
        self.caller_record = directory.add_application({"appId": CALLER, "displayName": "dcr-bridge"})
        self.caller_secret = entra.add_secret(self.caller_record)
        self.caller = directory.add_service_principal(CALLER, {})
        for role in directory.graph.state["appRoles"]:
            if role["value"] in ROLES:
                directory.assign_role(self.caller, directory.graph, role["id"])
        directory.add_service_principal("22222222-4444-4555-8666-c77788899900", {"id": OTHER_PRINCIPAL, "displayName": "other"})

    def application(self, owned: bool = True, password: bool = True, **values: object) -> Record:
        """The application of the examples."""
        state = {"id": OBJECT_ID, "appId": APP_ID, "displayName": "orders-portal-client", "tags": ["dcr-bridge"], **values}
        if password:
            state["passwordCredentials"] = [
                {
                    "customKeyIdentifier": None,
                    "displayName": "dcr initial",
                    "endDateTime": "2027-05-21T10:00:00Z",
                    "hint": "ex4",
                    "keyId": KEY_ID,
                    "secretText": None,
                    "startDateTime": "2026-11-22T10:00:00.1234567Z",
                }
            ]
        owners = [self.caller.id] if owned else []
        record = self.entra.directory.add_application(state, creator_app_id=CALLER, owners=owners, creator=self.caller.id)
        record.secrets[KEY_ID] = digest(SECRET)
        return record

    def deleted(self) -> None:
        """The application of the examples, deleted."""
        self.entra.directory.delete_application(self.application())

    def policy(self, **restrictions: object) -> None:
        """The tenant policy of the examples, and the application it is about."""
        self.application()
        self.entra.tenant.policies.change({"id": POLICY})
        self.entra.tenant.policies.restrict_passwords(**restrictions)  # type: ignore[arg-type]

    def lagging(self, channel: str) -> None:
        """The application of the examples, created just now, while one kind of read lags."""
        self.entra.consistency.set(**{channel: 10})
        with self.entra.consistency.request():
            self.application()

    def many(self, owner: str = "") -> None:
        """More applications than a page holds."""
        self.application()
        self.entra.seed_applications(101, tags=["dcr-bridge"], owner=owner)

    def removed(self) -> None:
        """One application that is there and one that was deleted."""
        self.application()
        self.entra.directory.delete_application(self.entra.directory.add_application({"displayName": "gone"}))


def _with_principal(stage: Stage) -> None:
    stage.application()
    stage.entra.directory.add_service_principal(APP_ID, {})


def _missing_reference(stage: Stage) -> None:
    stage.entra.consistency.reference_refusal = "bad_request"
    stage.lagging("service_principal_reference")


def _refused_reference(stage: Stage) -> None:
    stage.entra.consistency.reference_refusal = "forbidden"
    stage.lagging("service_principal_reference")


def _just_written(stage: Stage) -> None:
    stage.entra.consistency.credential_write_window = 10
    stage.application().last_credential_write = stage.entra.clock.time()


def _faulty(kind: str, **details: object) -> Callable[[Stage], None]:
    def arrange(stage: Stage) -> None:
        stage.application()
        stage.entra.faults.add(kind, path="/applications", **details)  # type: ignore[arg-type]

    return arrange


def _owned_by_other(stage: Stage) -> None:
    record = stage.application()
    stage.entra.directory.applications.add_owner(record, OTHER_PRINCIPAL)


def _no_caller(stage: Stage) -> None:
    stage.entra.directory.delete_application(stage.caller_record)


def _no_principal(stage: Stage) -> None:
    stage.entra.directory.service_principals.soft_delete(stage.caller)


def _disabled(stage: Stage) -> None:
    stage.entra.directory.service_principals.write(stage.caller, {"accountEnabled": False})


def _expired(stage: Stage) -> None:
    (credential,) = stage.caller_record.state["passwordCredentials"]
    expired = {**credential, "endDateTime": "2026-01-01T00:00:00Z"}
    stage.entra.directory.write_application(stage.caller_record, {"passwordCredentials": [expired]})


def _application(stage: Stage) -> None:
    stage.application()


def _nothing(stage: Stage) -> None:
    """The calling client alone."""


def _quota(stage: Stage) -> None:
    stage.entra.assumptions.directory_object_quota = 0


def _full(stage: Stage) -> None:
    stage.application()
    stage.entra.assumptions.total_entries_limit = 1


STAGES: dict[str, Callable[[Stage], None]] = {
    "graph_01_application_create": _nothing,
    "graph_02_application_create_with_password": _nothing,
    "graph_03_application_create_owners_bind": _nothing,
    "graph_04_upsert_created": _nothing,
    "graph_05_upsert_updated": lambda stage: _discard(stage.application(uniqueName="dcr-3f0b0c1d")),
    "graph_06_upsert_without_prefer_404": _nothing,
    "graph_07_uniqueName_conflict": lambda stage: _discard(stage.application(uniqueName="dcr-3f0b0c1d")),
    "graph_10_application_get": _application,
    "graph_11_application_get_by_appid": _application,
    "graph_12_application_not_found": _nothing,
    "graph_13_application_update": _application,
    "graph_14_patch_password_rejected": _application,
    "graph_15_invalid_web": _application,
    "graph_16_application_delete": _application,
    "graph_20_add_password": _application,
    "graph_21_add_password_lifetime_policy": lambda stage: stage.policy(max_lifetime="P180D"),
    "graph_22_add_password_type_policy": lambda stage: stage.policy(forbid=True),
    "graph_23_concurrency_409": _just_written,
    "graph_24_msa_app_409": _faulty("personal_missing"),
    "graph_25_add_password_not_replicated": lambda stage: stage.lagging("by_id"),
    "graph_26_remove_password": _application,
    "graph_27_remove_password_unknown": lambda stage: _discard(stage.application(password=False)),
    "graph_30_owner_add": _application,
    "graph_31_owners_list": _owned_by_other,
    "graph_32_owned_objects": lambda stage: stage.many(OTHER_PRINCIPAL),
    "graph_33_sp_create": _application,
    "graph_34_sp_create_app_not_replicated": _missing_reference,
    "graph_35_sp_create_forbidden_not_replicated": _refused_reference,
    "graph_36_sp_create_exists": _with_principal,
    "graph_40_list_by_tag": Stage.many,
    "graph_41_count": _application,
    "graph_42_count_without_header": _nothing,
    "graph_43_unsupported_query": _nothing,
    "graph_44_filter_not_indexed": _nothing,
    "graph_45_delta": Stage.removed,
    "graph_46_batch": _faulty("throttle", method="GET", retry_after=10),
    "graph_50_deleted_list": Stage.deleted,
    "graph_51_restore": Stage.deleted,
    "graph_52_purge": Stage.deleted,
    "graph_60_forbidden": lambda stage: _discard(stage.application(owned=False)),
    "graph_61_invalid_token": lambda stage: _discard(stage.entra.faults.add("expired_token", path="/applications")),
    "graph_62_cae_challenge": _faulty("claims_challenge"),
    "graph_63_throttled": _faulty("throttle"),
    "graph_64_quota": _quota,
    "graph_65_size": _full,
    "graph_66_tenant_app_policy": lambda stage: stage.policy(max_lifetime="P180D"),
    "sts_01_client_credentials_secret": _nothing,
    "sts_10_invalid_secret": _nothing,
    "sts_11_expired_secret": _expired,
    "sts_12_app_not_found": _no_caller,
    "sts_13_sp_missing": _no_principal,
    "sts_14_tenant_not_found": _nothing,
    "sts_15_bad_scope": _nothing,
    "sts_16_resource_not_found": _nothing,
    "sts_17_app_disabled": _disabled,
    "oidc_01_common_v2": _nothing,
    "oidc_02_common_v1": _nothing,
    "oidc_03_tenant_v2": _nothing,
    "oidc_04_tenant_v1": _nothing,
    "jwks_01_v2": _nothing,
    "jwks_02_v1": _nothing,
}


def _discard(_: object) -> None:
    """For lambdas whose last step returns something."""
