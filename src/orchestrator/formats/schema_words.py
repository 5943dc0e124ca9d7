"""What the keys of the files mean, in the words that editors show. By record, then by key."""

from __future__ import annotations

TITLES = {
    "plan": "Plan (plan.json)",
    "ticket": "Ticket (tickets/<ticketId>.json)",
    "workflow": "Workflow (workflows/*.yaml)",
    "config": "Configuration (config.yaml)",
}

_PHASE = {
    "id": "Name of the phase, once per workflow.",
    "type": "script, agent, poll or terminal.",
    "onSuccess": "Phase after a success; without it `complete`.",
    "onFailure": "Phase after a failure when the retries are used up; without it `failed`. `retry`: it fails then.",
    "maxRetries": "How often a failure is tried again before onFailure.",
    "maxVisits": "How often the phase may be entered; default: the workflow's.",
    "retryDelaySeconds": "Wait before a failure is tried again.",
    "capture": "Key to store → `stdout` (the final text) or a shell command that prints the value.",
    "timeoutSeconds": "Longest time of an attempt (agents: 3600 if left out); of a poll phase, of the stay (86400).",
}
_PROGRAM = {
    "command": "File in the scripts folder, or a bundled script.",
    "args": "Arguments, each a template; passed as they are, never through a shell.",
    "onExit": "Exit code → phase. A route costs no retry.",
}

DESCRIPTIONS: dict[str, dict[str, str]] = {
    "Plan": {
        "id": "Name of the plan's folder.",
        "name": "For people.",
        "createdAt": "ISO 8601 in UTC; older plans go first.",
        "createdBy": "Who wrote the plan.",
        "repo": "Absolute path of the git repository; a ticket's own comes first.",
        "workflow": "Workflow of tickets that name none.",
        "agent": "Agent of tickets that name none; null: defaultAgent of the configuration.",
        "worktreeRoot": "Folder in which the tickets' worktrees are made.",
        "status": "active: tickets are dispatched; paused: nothing runs; complete: every ticket is.",
        "tickets": "The plan's tickets and what blocks them.",
    },
    "PlanEntry": {
        "ticketId": "Name of the ticket's file, without .json.",
        "order": "Lower goes first.",
        "blockedBy": "Tickets that must be complete before: ids of this plan, or <planId>/<ticketId>.",
    },
    "Ticket": {
        "planId": "Id of the plan, as its folder is named.",
        "ticketId": "Id of the ticket, as the file is named.",
        "title": "One line: what is to be done.",
        "description": "Everything an agent must know to do it.",
        "acceptanceCriteria": "What must be true when it is done.",
        "linearUrl": "Address of the issue in its tracker, whichever that is.",
        "repo": "Absolute path of the git repository; null: the plan's.",
        "workflow": "Name of the workflow; left out: the plan's.",
        "branch": "Branch of the work; left out: made from user, ticket id and title.",
        "worktree": "Absolute path of the worktree; left out: <worktreeRoot>/<ticketId>.",
        "agent": "Agent of this ticket; null: the plan's.",
        "status": "What should be. Write paused to stop it, ready to go on.",
        "currentPhase": "Phase of the workflow; left out: the first.",
        "phaseHistory": "What happened, oldest first. Written by the runner.",
        "context": "Captured values, as text.",
        "retries": "Failures within the present visit, by phase.",
        "error": "Why it failed or needs attention.",
        "rev": "Counts the runner's writes.",
        "attempt": "What is under way at the moment. Written by the runner.",
        "attempts": "The highest attempt number given out.",
        "visit": "The present stay in a phase. Written by the runner.",
        "visits": "How often each phase was entered.",
        "wakeAt": "Not before this time (ISO 8601).",
        "waitReason": "What it waits for.",
        "steered": "The last command of a person.",
    },
    "PhaseEntry": {
        "output": "The first 4,096 characters; of a failure the last.",
        "sessionId": "The agent's session, for resume-session.",
    },
    "Workflow": {
        "name": "Name by which plans and tickets ask for it.",
        "description": "What it is for.",
        "tags": "Words to find it by.",
        "phases": "The phases; the first is where a ticket begins.",
        "maxVisits": "How often a phase may be entered before the ticket needs attention.",
        "aliases": "Old phase id → new one, for tickets in flight.",
    },
    "ScriptPhase": _PHASE | _PROGRAM,
    "PollPhase": _PHASE
    | _PROGRAM
    | {
        "command": "Script that is asked: exit 0 → onSuccess, 1 → ask again, 2 or more → onFailure.",
        "intervalSeconds": "Rest between two checks; default: pollInterval of the configuration.",
    },
    "AgentPhase": _PHASE
    | {
        "promptTemplate": "File in the prompts folder, or a bundled prompt.",
        "allowedTools": "Tools that the agent may use; empty: as it is configured.",
        "maxTurns": "Most turns of the agent in an attempt.",
        "agent": "Agent of this phase, whatever the ticket says.",
        "idleTimeoutSeconds": "Longest time without any output.",
        "verdict": "The final message must have a line PASS or FAIL.",
        "evidence": "What a success must leave behind: a commit, a change, or nothing.",
        "maxCostUsd": "Most that an attempt may cost.",
    },
    "TerminalPhase": _PHASE | {"notify": "true: the ticket needs attention and a notification goes out."},
    "Settings": {
        "defaultAgent": "Agent where phase, ticket and plan name none.",
        "agents": "The agents by name.",
        "stateDir": "Folder of plans and tickets.",
        "logDir": "Folder of logs.",
        "workflowDir": "Folder of workflows, before the bundled ones.",
        "promptDir": "Folder of prompts, before the bundled ones.",
        "scriptDir": "Folder of scripts, before the bundled ones.",
        "skillsDir": "Folder of skills, before the bundled ones.",
        "pollInterval": "Seconds between two looks at the folders, and between two checks of a poll phase.",
        "maxConcurrency": "Most attempts at once, over all plans.",
        "ghCommand": "The GitHub CLI.",
        "grace": "Seconds between INT, TERM and KILL when an attempt is stopped.",
        "mcpServers": "MCP servers of the planning session.",
        "notify": "Who is told what: one channel, or a list of them.",
    },
    "NotifySettings": {
        "command": "A program with its arguments, or a line for /bin/sh; gets the event as JSON on standard input.",
        "desktop": "true: a notification on this desktop.",
        "url": "Any apprise URL, or a list of them; ${VAR} is filled in. Needs the extra `notify`.",
        "on": "Events that are sent; default: all.",
        "plans": "Only of plans whose id matches one of these patterns; default: all, and what belongs to no plan.",
        "timeoutSeconds": "Longest time that one sending may take.",
    },
    "AgentSettings": {
        "command": "The program.",
        "defaultArgs": "Arguments of every call.",
        "type": "How it is driven: the name of a known agent CLI; default: by the command's name.",
        "env": "Variables of its environment; ${VAR} is filled in.",
        "passEnv": "Names or patterns of the runner's variables that it also sees; * is all.",
        "promptVia": "How a program that is no known agent CLI gets the prompt.",
        "model": "The model it shall use.",
        "maxConcurrency": "Most attempts of this agent at once.",
    },
}

AT_LEAST: dict[str, dict[str, int]] = {
    "maxRetries": {"minimum": 0},
    "maxVisits": {"minimum": 1},
    "maxTurns": {"minimum": 1},
    "retryDelaySeconds": {"minimum": 0},
    "timeoutSeconds": {"exclusiveMinimum": 0},
    "intervalSeconds": {"exclusiveMinimum": 0},
    "idleTimeoutSeconds": {"exclusiveMinimum": 0},
    "maxCostUsd": {"exclusiveMinimum": 0},
    "pollInterval": {"exclusiveMinimum": 0},
    "maxConcurrency": {"minimum": 1},
    "grace": {"minimum": 0},
}
"""Numbers that workflows and the configuration bound."""
