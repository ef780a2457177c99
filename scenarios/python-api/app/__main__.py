"""Starts the service: ``python -m app``."""

import os
import sys

import uvicorn

from app.config import ConfigError, port_from

# How long open requests may take after SIGINT or SIGTERM, seconds.
SHUTDOWN_GRACE = 8


def main() -> None:
    try:
        port = port_from(os.environ)
    except ConfigError as error:
        sys.exit(f"python-api: {error}")
    uvicorn.run(
        "app.api:create_app",
        factory=True,
        host="0.0.0.0",
        port=port,
        timeout_graceful_shutdown=SHUTDOWN_GRACE,
        server_header=False,
    )


if __name__ == "__main__":
    main()
