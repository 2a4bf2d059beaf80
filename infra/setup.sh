#!/bin/sh
# From a clean clone to a tree that runs, on Debian with git and some Node (18 or newer, with npm): system packages, npm
# packages, the Node of the lock file, the native shim and kernel programs, the console. What is there already is left
# alone, so that a second run takes a second. npm start and npm test call it by themselves.
#
#   sh infra/setup.sh          what npm start needs
#   sh infra/setup.sh --test   what npm test needs besides
#
# Progress goes to standard error, nothing to standard output, the output of each step to .cache/setup/STEP.log.
# Exit codes: 0 done, 1 a step failed, 2 usage, 3 something needed is missing.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

scope=start
case "${1-}" in
'') ;;
--test) scope=test ;;
*)
	echo "setup: unknown flag $1; usage: sh infra/setup.sh [--test]" >&2
	exit 2
	;;
esac

steps=5
[ "$scope" = start ] || steps=6
state=$root/.cache/setup
sysroot=${FARMSCOPE_SYSROOT:-$root/.cache/sysroot}
multiarch=$(uname -m)-linux-gnu
launchers=$sysroot/launchers
mkdir -p "$state"

export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export FARMSCOPE_SYSROOT="$sysroot"
PATH=$root/node_modules/.bin:$launchers:$PATH:/usr/sbin:/usr/local/go/bin
export PATH

. "$root/infra/setup/packages.sh"
. "$root/infra/setup/node.sh"
. "$root/infra/setup/build.sh"

# Hundredths of a second since boot.
now() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}${uptime#*.}"
}

# note TEXT: what a step wants to be said beside its "ok".
note() { printf '%s' "$*" >"$state/note"; }

# step NUMBER TITLE FUNCTION: runs FUNCTION with its output in a log, of which the end is shown when it fails.
step() {
	started=$(now)
	log=$state/$3.log
	rm -f "$state/note"
	printf '[%s/%s] %s … ' "$1" "$steps" "$2" >&2
	set +e
	(
		set -e
		"$3"
	) >"$log" 2>&1
	status=$?
	set -e
	taken=$(($(now) - started))
	if [ "$status" -ne 0 ]; then
		echo failed >&2
		tail -n 25 "$log" | sed 's/^/      /' >&2
		echo "      the whole of it: ${log#"$root"/}" >&2
		[ "$status" -eq 3 ] || status=1
		exit "$status"
	fi
	said=$(cat "$state/note" 2>/dev/null || true)
	printf 'ok %d.%d s%s\n' $((taken / 100)) $((taken % 100 / 10)) "${said:+ ($said)}" >&2
}

# Two set-ups of one clone take turns.
if command -v flock >/dev/null; then
	exec 9>"$state/lock"
	flock -n 9 || {
		echo "setup: waiting for another set-up of this clone" >&2
		flock 9
	}
fi

step 1 'system packages' system_packages
step 2 'npm packages' npm_packages
step 3 'Node' carried_node
step 4 'native shim and kernel programs' native_programs
step 5 'console' console_page
[ "$scope" = start ] || step 6 'peers for tests' test_peers
