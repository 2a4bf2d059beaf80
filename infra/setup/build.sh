# Steps 4 to 6: what is compiled, bundled or fetched for tests. Sourced by infra/setup.sh.
# shellcheck shell=sh disable=SC2154  # root, state, sysroot and multiarch come from setup.sh

# The script builds only what has changed. The addon finds libraries that were unpacked without root by LD_RUN_PATH (ld(1)).
native_programs() {
	if ! command -v gcc >/dev/null || ! command -v clang >/dev/null; then
		note "skipped: no compiler; the recorded trace will be played"
		return 0
	fi
	[ ! -d "$sysroot/usr/lib" ] || export LD_RUN_PATH="$sysroot/usr/lib/$multiarch"
	sh services/node-emitter/native/build.sh
}

# Everything that the bundle is made of.
console_sources() {
	find services/query-api/console packages/domain/src -type f ! -path '*/dist/*' ! -name '*.test.ts' | LC_ALL=C sort
	echo package-lock.json
}

console_page() {
	sources=$(console_sources | xargs sha256sum | sha256sum)
	built=services/query-api/console/dist/index.html
	if [ -f "$built" ] && [ "$(cat "$state/console.stamp" 2>/dev/null)" = "$sources" ]; then return 0; fi
	rm -f "$state/console.stamp"
	npm run --silent build:console
	echo "$sources" >"$state/console.stamp"
	note built
}

# What cannot be had is no failure here: its tests say why they are skipped.
test_peers() {
	node packages/testkit/src/prepare-peers.ts | tee "$state/peers"
	[ ! -s "$state/peers" ] || note "without $(cut -d: -f1 "$state/peers" | tr '\n' ' ')"
}
