#!/usr/bin/env bash
# Take the Dockerfile's own steps in a clean root: what .dockerignore lets in, its RUN and ENV lines, its CMD and
# HEALTHCHECK. For machines without Docker; `docker build .` is the check where there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$root"' EXIT

mkdir -p "$root/src" "$root/opt" "$root/data" "$root/tmp"
sed -n 's/^!//p' .dockerignore | while read -r kept; do cp -R "$kept" "$root/src/"; done
for copied in $(sed -n 's/^COPY \(.*\) [^ ]*$/\1/p' Dockerfile); do
  [ -e "$root/src/$copied" ] || { echo "COPY $copied: .dockerignore leaves it out"; exit 1; }
done

clean=(env -i PATH="/usr/local/bin:/usr/bin:/bin" HOME="$root/data" TMPDIR="$root/tmp" PIP_OPTIONS="${PIP_OPTIONS:-}")
[ -z "${PYTHON:-}" ] || clean+=(PATH="$(dirname "$PYTHON"):/usr/bin:/bin")
steps=$(python3 - "$root" <<'PY'
import re, sys
text = open("Dockerfile", encoding="utf-8").read().replace("\\\n", " ")
for step in re.findall(r"^RUN (.*)$", text, re.MULTILINE):
    if not step.startswith("useradd"):
        step = re.sub(r"(?<![\w.])/(opt|src|data)\b", lambda m: f"{sys.argv[1]}/{m[1]}", step)
        print(re.sub(r"\bpython -m venv", "python3 -m venv", step))
PY
)
(cd "$root/src" && "${clean[@]}" bash -euc "$steps")
[ -z "$(ls -A "$root/src")" ] || { echo "the sources are left in the image"; exit 1; }

served=("${clean[@]}" PATH="$root/opt/xmrag/bin:/usr/bin:/bin" XMRAG_KB="$root/data/kb" XMRAG_CACHE_DIR="$root/data/cache")
command=$(sed -n 's/^CMD \(\[.*\]\)$/\1/p' Dockerfile | python3 -c 'import json, sys; print(*json.load(sys.stdin))')
cd "$root/data"
if "${served[@]}" $command 2>"$root/tmp/refused"; then echo "it serves without a token"; exit 1; fi
grep -q "no token is set" "$root/tmp/refused" || { cat "$root/tmp/refused"; exit 1; }
"${served[@]}" XMRAG_TOKEN=checked $command &
server=$!
for _ in $(seq 60); do
  sleep 1
  "${served[@]}" python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/healthz', timeout=5)" 2>/dev/null && ok=1 && break
  kill -0 "$server" || exit 1
done
[ "${ok:-}" = 1 ] || { echo "it does not answer"; exit 1; }
echo "the image's steps hold; $(du -sh "$root/opt" | cut -f1) installed"
