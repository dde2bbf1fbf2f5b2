#!/usr/bin/env bash
# Search an archive with curl: search.sh http://127.0.0.1:8000 "ASN harus melayani"
# Prints the answer, one JSON document; a problem (RFC 9457) is printed likewise, and makes the exit code 22.
set -euo pipefail
base=${1:?address of the archive} question=${2:?a question}

curl --silent --show-error --fail-with-body --get "$base/api/v1/search" --data-urlencode "q=$question" --data "k=5"
