"""Every test of the command line can ask for a `site`."""

from __future__ import annotations

from tests.cli.kit import site as site
