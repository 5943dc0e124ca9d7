"""The orchestrator for agents: its tools over the Model Context Protocol.

The law: a tool is a plain function over `control`, as a command is; only `server` and `wire` know the protocol, and
whatever a client sends, the answer is an answer.
"""
