#!/usr/bin/env bash
# The LlamaIndex parts in the two environments that users have:
#   classic  llama-index 0.14.16 together with llama-index-multi-modal-llms-openai, whose pin on
#            llama-index-llms-openai (<0.7) newer releases of llama-index do not admit
#   newest   the newest llama-index alone
# Each is a virtual environment below FOLDER (default: .venv-two, kept for the next time), in which
# tests/stock, tests/integrations and tests/generators/test_served.py run. What is not LlamaIndex's own
# is held at constraints.txt, torch among it, whose plain build is far smaller than the newest one.
#
#   scripts/two_environments.sh [classic|newest]…    PYTHON=python3.11 FOLDER=DIR WORKERS=2
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${FOLDER:-.venv-two}
extras=langchain,local,media,models,office,offline,ollama,openai
tools=(llama-index-embeddings-clip pytest pytest-asyncio pytest-xdist)
tests=(tests/stock tests/integrations tests/generators/test_served.py)
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PIP_DISABLE_PIP_VERSION_CHECK=1

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

run() { # name, then what to install
  local name=$1 bin=$folder/$1/bin
  shift
  step "$name: the environment"
  [ -x "$bin/python" ] || "${PYTHON:-python3}" -m venv "$folder/$name"
  "$bin/pip" install -qq --upgrade --upgrade-strategy eager -c "$folder/constraints.txt" "$@" "${tools[@]}"
  "$bin/pip" list 2>/dev/null | grep -i -E '^(llama-index|chromadb|openai|torch) |^llama-index-(core|llms|multi|vector)'
  step "$name: the tests"
  "$bin/python" -m pytest -n "${WORKERS:-2}" "${tests[@]}" || failed+=("$name")
}

mkdir -p "$folder"
grep -v -i '^llama-index' constraints.txt >"$folder/constraints.txt"
failed=()
for name in "${@:-classic newest}"; do
  for one in $name; do
    case $one in
      classic) run classic 'llama-index==0.14.16' -e ".[$extras,openai-multimodal]" ;;
      newest) run newest llama-index -e ".[$extras]" ;;
      *) echo "There is no environment $one: classic or newest." >&2; exit 2 ;;
    esac
  done
done
step "done"
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
