"""The text of the config.yaml that `init` writes."""

from __future__ import annotations

_DIRECTORIES = """\
# Directories, relative to this file. Defaults: state, logs, workflows, prompts, scripts and skills in the home folder;
# what is not found there is taken from the program itself.
# stateDir: ./state
# logDir: ./logs
# workflowDir: ./workflows
# promptDir: ./prompts
# scriptDir: ./scripts
# skillsDir: ./skills
"""

DEFAULT_CONFIG_TEXT = f"""\
# Configuration of the orchestrator. `orchestrator config check` looks it over.

defaultAgent: claude          # used where neither phase, ticket nor plan names an agent

agents:                       # the agent command lines
  claude:
    command: claude
    defaultArgs: ["--dangerously-skip-permissions"]
  codex:
    command: codex
    defaultArgs: ["--dangerously-bypass-approvals-and-sandbox"]
  pi:
    command: pi
    defaultArgs: []
  # Any other program gets the prompt as its first argument (or promptVia: stdin | file):
  # mine:
  #   command: ./my-agent.sh
  #   env:
  #     MY_TOKEN: "${{MY_TOKEN}}"   # filled in from the environment
  #   passEnv: []               # more names of the environment it may see; ["*"] is all

pollInterval: 10              # seconds between scans of the state directory
maxConcurrency: 3             # attempts at the same time, over all plans
ghCommand: gh                 # the GitHub command line
grace: 2                      # seconds between the signals that stop a process: INT, TERM, KILL

# budgets: {{ perTicketUsd: 10, perDayUsd: 50 }}   # what agents may cost; `orchestrator costs` says what they did
# reviewAgent: codex          # another agent does self_review
# fallbackAgents: [codex]     # who works while the account of an agent is held by its usage limit

# worktree: {{ setup: "npm ci", cacheKey: [package-lock.json] }}   # run in each new worktree

# mcpServers:                 # tools for the interactive planning session
#   linear:
#     command: npx
#     args: ["-y", "mcp-remote", "https://mcp.linear.app/mcp"]

# notify:                     # who is told, and of what; `orchestrator notify` tries it
#   - desktop: true
#   - command: ["./tell.sh"]  # gets the event as JSON on standard input
#     on: [needs_attention, failed]   # also: plan_complete, account_held, budget_reached
#   - url: "${{NOTIFY_URL}}"    # any apprise URL; pip install 'another-orchestrator[notify]'

{_DIRECTORIES}"""

SELF_CONTAINED_CONFIG_TEXT = DEFAULT_CONFIG_TEXT.replace("# stateDir:", "stateDir:").replace("# logDir:", "logDir:")
"""For `init --dir`: the folder of the file is then a home of its own."""
