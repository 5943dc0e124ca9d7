#!/bin/sh
# Stands for ssh to github.com: git's side of it runs here, on $FAKE_GIT_ROOT/<owner>/<name>.git. What is in the folder
# $FAKE_GIT_ROOT/.cue changes what happens:
#   down          nobody is there
#   after-push    an executable that is run when a push is done, before the pusher is told
# Every call is written to .cue/journal.
set -u
for command; do :; done
cue=$FAKE_GIT_ROOT/.cue
verb=${command%% *}
path=${command#* }
path=${path#\'}
path=${path%\'}
echo "$verb $path" >>"$cue/journal"
if [ -e "$cue/down" ]; then
    echo "ssh: connect to host github.com port 22: Connection refused" >&2
    exit 255
fi
[ -d "$FAKE_GIT_ROOT/$path" ] || { echo "ERROR: Repository not found." >&2; exit 1; }
"$verb" "$FAKE_GIT_ROOT/$path"
code=$?
if [ "$verb" = git-receive-pack ] && [ -x "$cue/after-push" ]; then "$cue/after-push"; fi
exit $code
