#!/bin/sh
# Debian packages that some tests use; where they cannot be installed, those tests skip and say so.
missing=""
command -v dciodvfy >/dev/null 2>&1 || missing="$missing dicom3tools"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0
apt-get update >/dev/null 2>&1 || exit 0
# One by one: what one source lacks does not keep the others out.
for package in $missing; do apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 || true; done
