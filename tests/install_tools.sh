#!/bin/sh
# Debian packages that some tests use; where they cannot be installed, those tests skip and say so.
command -v dciodvfy >/dev/null 2>&1 && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0
{ apt-get update && apt-get install -y --no-install-recommends dicom3tools; } >/dev/null 2>&1 || true
