"""What an operator can set, and where it is read from."""

from filemill_server.settings.declared import LogLevel, ServerSecret, Settings, cpu_quota, limits, server_secret
from filemill_server.settings.reading import SettingFault, SettingRow, SettingsError, described, load_settings

__all__ = [
    "LogLevel",
    "ServerSecret",
    "SettingFault",
    "SettingRow",
    "Settings",
    "SettingsError",
    "cpu_quota",
    "described",
    "limits",
    "load_settings",
    "server_secret",
]
