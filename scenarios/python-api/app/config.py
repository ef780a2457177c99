"""What the service is told by environment variables."""

from collections.abc import Mapping

DEFAULT_PORT = 8080


class ConfigError(ValueError):
    """A variable holds something that cannot be used."""


def port_from(env: Mapping[str, str]) -> int:
    """The port to listen on, from PORT; 8080 when it is unset or empty."""
    text = env.get("PORT") or str(DEFAULT_PORT)
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    raise ConfigError(f"PORT is {text!r}; it must be a number from 1 to 65535")
