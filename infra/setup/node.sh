# Steps 2 and 3: the npm packages of the lock file, and the Node among them. Sourced by infra/setup.sh.
# shellcheck shell=sh disable=SC2154  # state comes from setup.sh

npm_packages() {
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
		echo "node and npm are missing. Way out: as root, apt-get install nodejs npm; or unpack a release of nodejs.org."
		return 3
	fi
	lock=$(sha256sum <package-lock.json)
	if [ -d node_modules ] && [ "$(cat "$state/npm.stamp" 2>/dev/null)" = "$lock" ]; then return 0; fi
	rm -f "$state/npm.stamp"
	# No package of ours needs an install script.
	npm ci --ignore-scripts
	echo "$lock" >"$state/npm.stamp"
	note installed
}

# The lock file carries Node 24 for x86-64 and arm64; elsewhere the system's has to be new enough.
carried_node() {
	version=$(node --version)
	major=${version#v}
	major=${major%%.*}
	if [ "$major" -lt 24 ]; then
		echo "Node 24 or newer is needed; found $version, and the lock file carries none for $(uname -m)."
		echo "Way out: install Node 24 from nodejs.org or by your system's means."
		return 3
	fi
	note "$version"
}
