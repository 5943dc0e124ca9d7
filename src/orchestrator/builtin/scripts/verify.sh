#!/usr/bin/env bash
# Usage: verify.sh WORKTREE
#
# Runs the project's own tests in the worktree; success only with evidence. What is run, the first that there is:
#   .orchestrator/verify in the repository (any executable; this is how to configure it) · make test · npm test ·
#   cargo test · go test ./... · pytest · unittest
# Before that it makes sure that what is verified is what will be merged: nothing uncommitted, no operation unfinished.
# Everything goes to stdout, so that the agent that is asked to mend it can read it. Agents wrote those tests, so like
# agents they see no token of a forge or tracker, and nothing that leads to the runner's.
#
# Exit: 0 the tests ran and passed · 1 they failed, or the worktree is not in a state to verify · 3 there is nothing to
# run (no tests, or the program that runs them is not installed): it says how to configure it.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/lib.sh"
exec 2>&1

[ $# -eq 1 ] || die 1 "usage: verify.sh WORKTREE"
is_worktree "$1" || [ -d "$1/.git" ] || die 1 "$1 is not a worktree"
cd -- "$1"

nothing() {
  echo "nothing to verify with: $1"
  echo "to configure it, add an executable file .orchestrator/verify to the repository: exit code 0 means verified"
  exit 3
}

needs() { command -v "$1" >/dev/null || nothing "'$2' is how this project is tested, but $1 is not installed"; }

has_test_target() {
  local file
  for file in GNUmakefile makefile Makefile; do
    [ -f "$file" ] && grep -Eq '^test[[:space:]]*:([^=]|$)' "$file" && return 0
  done
  return 1
}

# npm's own placeholder is no test.
has_npm_test() { [ -f package.json ] && grep -Eq '"test"[[:space:]]*:' package.json && ! grep -q 'no test specified' package.json; }

has_python_tests() { [ -n "$(git ls-files -- 'test_*.py' '*/test_*.py' '*_test.py' | head -n 1)" ]; }

wants_pytest() {
  [ -f pytest.ini ] || [ -f conftest.py ] || [ -f tests/conftest.py ] || grep -Eqs 'pytest' pyproject.toml setup.cfg tox.ini \
    || git grep -Eq '^(import|from) pytest' -- '*.py'
}

python_command() {
  local python=python3
  [ ! -x .venv/bin/python ] || python=.venv/bin/python
  needs "$python" "python tests"
  [ ! -d src ] || export PYTHONPATH="src${PYTHONPATH:+:$PYTHONPATH}"
  if "$python" -c 'import pytest' 2>/dev/null; then
    command=("$python" -m pytest -q)
  elif wants_pytest; then
    nothing "the tests want pytest, which $python does not have"
  elif [ -d tests ] && [ ! -f tests/__init__.py ]; then
    command=("$python" -m unittest discover -s tests)
  else
    command=("$python" -m unittest)
  fi
}

choose() {
  if [ -f .orchestrator/verify ]; then
    command=(.orchestrator/verify)
    [ -x .orchestrator/verify ] || command=(/bin/bash .orchestrator/verify)
  elif has_test_target; then
    needs make "make test"
    command=(make test)
  elif has_npm_test; then
    needs npm "npm test"
    command=(npm test)
  elif [ -f Cargo.toml ]; then
    needs cargo "cargo test"
    command=(cargo test)
  elif [ -f go.mod ]; then
    needs go "go test ./..."
    command=(go test ./...)
  elif has_python_tests; then
    python_command
  else
    nothing "no tests found"
  fi
}

# Names and patterns, as agents do not get them either.
TOKENS="GH_TOKEN GITHUB_TOKEN GH_ENTERPRISE_TOKEN GITHUB_ENTERPRISE_TOKEN GITHUB_PAT GITHUB_API_TOKEN
  GITLAB_TOKEN GITLAB_ACCESS_TOKEN GITLAB_PRIVATE_TOKEN GL_TOKEN CI_JOB_TOKEN HOMEBREW_GITHUB_*
  BITBUCKET_*TOKEN BITBUCKET_*PASSWORD GITEA_TOKEN FORGEJO_TOKEN AZURE_DEVOPS_EXT_PAT
  MISE_GITHUB_TOKEN LINEAR_API_KEY LINEAR_TOKEN LINEAR_ACCESS_TOKEN JIRA_*TOKEN ATLASSIAN_*TOKEN"
# What tells of the runner, its forge and this ticket's repository.
OURS="ORCHESTRATOR_GH ORCHESTRATOR_STATE_DIR ORCHESTRATOR_CONFIG ORCHESTRATOR_PYTHON ORCHESTRATOR_BASE ORCHESTRATOR_STACKED
  ORCHESTRATOR_MERGE_METHOD GH_CONFIG_DIR GH_HOST GH_REPO GIT_CEILING_DIRECTORIES GIT_ASKPASS GIT_CONFIG_COUNT
  GIT_CONFIG_KEY_* GIT_CONFIG_VALUE_* GIT_CONFIG_PARAMETERS"

forget() {
  local name pattern
  set -f
  for name in $(compgen -e); do
    # shellcheck disable=SC2254 # patterns
    for pattern in $TOKENS $OURS; do
      case $name in $pattern) unset "$name" ;; esac
    done
  done
  set +f
}

# A run that found no test has verified nothing: pytest and newer unittests exit 5, older ones say so only.
run() {
  local code=0
  (forget && exec "${command[@]}") </dev/null 2>&1 | tee -- "$said" || code=${PIPESTATUS[0]}
  case "${command[*]}" in
    *"-m pytest"* | *"-m unittest"*)
      if [ "$code" -eq 5 ] || grep -q '^Ran 0 tests' "$said"; then nothing "${command[*]} ran no tests"; fi
      ;;
  esac
  return "$code"
}

busy=$(unfinished .)
if [ -n "$busy" ]; then
  echo "not verified: a $busy is unfinished in this worktree; finish or abort it"
  exit 1
fi
loose=$(loose_work .)
if [ -n "$loose" ]; then
  printf 'not verified: these files are not committed (commit them, ignore them or remove them):\n%s\n' "$loose"
  exit 1
fi

command=()
choose
said=$(mktemp "${TMPDIR:-/tmp}/verify.XXXXXX")
trap 'rm -f -- "$said"' EXIT
echo "verifying with: ${command[*]}"
code=0
run || code=$?
# What the run itself left behind is nobody's work, and must not be in the way next time.
loose_files . >>"$(git_dir .)/orchestrator-artefacts"
if [ "$code" -ne 0 ]; then
  echo "verification failed: ${command[*]} (exit code $code)"
  exit 1
fi
echo "verified"
