"""A GitHub on a Unix socket, for the real `gh`: one repository, whose commits are those of a bare repository here.

    with GitHub(World(bare)) as github:
        ...  # GH_CONFIG_DIR=github.config_dir(folder)
        github.world.pull(1).review("ann", "CHANGES_REQUESTED", "Say it shorter.")

Nothing is recorded and played back: questions are run by a GraphQL engine on GitHub's own schema, a merge moves the
branch, whether a pull request can be merged is asked of git. What no test needs has an empty value of its type.
Troubles come on cue (`faults`), and `journal` has every call, so that a test can count what was really done.
"""

from e2e.servers.github.calls import Call, Fault
from e2e.servers.github.listening import GitHub
from e2e.servers.github.world import ME, Pull, World

__all__ = ["ME", "Call", "Fault", "GitHub", "Pull", "World"]
