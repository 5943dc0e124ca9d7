"""Another Orchestrator: many tickets, many coding agents, one deterministic runner."""

__version__ = "0.1.0"
