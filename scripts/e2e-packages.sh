#!/usr/bin/env bash
# Installs the Debian packages of the peers of test/e2e that are missing. As
# root:
#
#   bash scripts/e2e-packages.sh          install what is missing
#   bash scripts/e2e-packages.sh --list   only list what is missing
#
# Some of them are services. None is started: the tests run their own, with
# their own configuration, on loopback.
set -euo pipefail

# The daemons are in sbin, which may be missing from PATH.
PATH=$PATH:/usr/sbin:/sbin

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need dig bind9-dnsutils
need coap-client-notls libcoap3-bin
need collectd collectd-core
need logger bsdutils
need python3 python3
need rsyslogd rsyslog
need snmpd snmpd
need snmpget snmp
need socat socat
need systemd-notify systemd

if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
echo "missing: ${missing[*]}"
if [ "${1:-}" = --list ]; then
  exit 0
fi

# invoke-rc.d(8) runs this script; 101 means that the action is not allowed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
