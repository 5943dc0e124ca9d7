"""The real programs, driven as the runner drives them, with scripted servers on loopback behind them.

`pytest e2e` runs all of it, apart from `make test`: it needs 1.4 GB for the programs, fetched once into `.e2e/` by
`install` (pinned, from package registries), and some seconds per test. Nothing here talks to a vendor or needs an
account.

Fixtures, for whoever adds a test:

    real            which of the five programs: Claude Code, and each in turn in a test with the mark EVERY
    saw             saw("resume", "in the same session"): what was seen of a capability, for the documentation's table
    binary          path of that program
    script          what the model says: script.when("words of the prompt").run("shell command").say("last words")
    model_server    the server that speaks the script; `.asked` holds every request, `.scenario` can be replaced
    agent_home      a fresh HOME and TMPDIR, in which the program is set up for the server; `agent_home.env()` is an
                    environment that points it there
    repo            a git repository with one commit
    github          a scripted GitHub, which the real gh asks; `.world` to act as reviewers, `.faults` for troubles on
                    cue, `.journal` of every call
    forge           a home of the orchestrator whose project lies there; its agent needs no model
    tickets         a home of the orchestrator with one ticket, for that program
"""
