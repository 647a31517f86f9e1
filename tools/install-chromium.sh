#!/usr/bin/env bash
# Installs Debian's Chromium and a font, for the tests that open the report in a browser and for the README's pictures.
set -euo pipefail
command -v chromium >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
