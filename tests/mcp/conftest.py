"""Tests of the server for agents have the `site` of the command line."""

from __future__ import annotations

from tests.cli.kit import site as site
