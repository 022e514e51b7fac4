"""The settings as parts: each is read when something first needs it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shared.environment import Environment, usable, with_file
from shared.parts import Parts, part

if TYPE_CHECKING:
    from shared.audit.configuration import AuditConfiguration
    from shared.introspection.configuration import IntrospectionConfiguration
    from shared.registration.configuration import RegistrationConfiguration
    from shared.settings.tenant import TenantSettings


class SettingsByPart(Parts):
    """What the parts of the bridge are set to. Each raises InvalidSettings where its own settings are missing or wrong."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self.variables = variables

    @part
    def values(self) -> Mapping[str, str]:
        """The texts of all settings, those of the file included."""
        return with_file(self.variables)

    def _read[T](self, read: Callable[[Environment], T]) -> T:
        environment = Environment(self.values)
        found = read(environment)
        environment.done()
        return found

    def start_telemetry(self) -> None:
        """Export traces and metrics where the setting says so; not where the settings can't be read."""
        from shared.settings.tenant import TELEMETRY

        mode = Environment(usable(lambda: self.values) or {}).read(TELEMETRY)
        if mode != "off":
            from shared.open_telemetry import start

            start(mode)

    @part
    def tenant(self) -> "TenantSettings":
        from shared.settings.tenant import read_tenant

        return self._read(read_tenant)

    @part
    def base_url(self) -> str:
        from shared.settings.tenant import read_base_url

        return self._read(read_base_url)

    @part
    def registration_settings(self) -> "RegistrationConfiguration":
        from shared.settings.registration import read_registration
        from shared.settings.tenant import read_base_url, read_tag

        tenant_id = self.tenant.tenant_id
        return self._read(lambda values: read_registration(values, read_base_url(values), read_tag(values), tenant_id))

    @part
    def introspection_settings(self) -> "IntrospectionConfiguration":
        from shared.settings.introspection import read_introspection

        return self._read(lambda values: read_introspection(values, self.tenant))

    @part
    def audit_settings(self) -> "AuditConfiguration":
        from shared.settings.audit import read_audit
        from shared.settings.tenant import read_tag

        return self._read(lambda values: read_audit(values, read_tag(values)))
