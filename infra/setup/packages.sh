# Step 1: the system's packages. Sourced by infra/setup.sh.
# shellcheck shell=sh disable=SC2154  # sysroot, launchers, multiarch, scope and state come from setup.sh

# One line per package: its name, whether it is needed or merely wanted, and the file that proves it is there. Without
# the wanted ones Farmscope still runs: it then plays the recorded trace.
packages() {
	[ -n "${FARMSCOPE_NATS_URL-}" ] || echo 'nats-server needed program nats-server'
	[ -n "${FARMSCOPE_REDIS_URL-}" ] || echo 'redis-server needed program redis-server'
	cat <<-'LIST'
		gcc wanted program gcc
		libc6-dev wanted header stdio.h
		clang wanted program clang
		llvm wanted program llvm-strip
		libbpf-dev wanted header bpf/libbpf.h
		libelf-dev wanted header libelf.h
		zlib1g-dev wanted header zlib.h
	LIST
	[ "$scope" = test ] || return 0
	cat <<-'LIST'
		chromium wanted program chromium
		clang-format wanted program clang-format
		golang-go wanted program go
		prometheus wanted program prometheus
	LIST
	# Without root bpftrace cannot do anything.
	[ "$(id -u)" -ne 0 ] || echo 'bpftrace wanted program bpftrace'
}

# is_there KIND NAME
is_there() {
	case $2 in
	nats-server) [ ! -x "${FARMSCOPE_NATS_SERVER-}" ] || return 0 ;;
	redis-server) [ ! -x "${FARMSCOPE_REDIS_SERVER-}" ] || return 0 ;;
	esac
	case $1 in
	program) command -v "$2" >/dev/null ;;
	header)
		for directory in /usr/include "/usr/include/$multiarch" "$sysroot/usr/include" "$sysroot/usr/include/$multiarch"; do
			[ ! -e "$directory/$2" ] || return 0
		done
		return 1
		;;
	esac
}

# missing [needed]: names of the packages that are not there.
missing() {
	packages | while read -r package weight kind name; do
		if [ "$weight" = "${1-$weight}" ] && ! is_there "$kind" "$name"; then echo "$package"; fi
	done | paste -s -d ' '
}

system_packages() {
	absent=$(missing)
	if [ -z "$absent" ]; then return 0; fi
	echo "missing: $absent"
	if ! command -v apt-get >/dev/null; then
		echo "There is no apt-get on this system: install these (Debian's names) with its own package manager."
	elif [ "$(id -u)" -eq 0 ]; then
		did=installed
		install_as_root
	else
		did=unpacked
		unpack_without_root
	fi
	judge_the_rest
}

# Goes on without what is merely wanted.
judge_the_rest() {
	still_needed=$(missing needed)
	if [ -n "$still_needed" ]; then
		echo "Farmscope cannot run without: $still_needed"
		echo "Way out: as root, apt-get install $still_needed; or set FARMSCOPE_NATS_URL and FARMSCOPE_REDIS_URL to"
		echo "servers that run already; or set FARMSCOPE_NATS_SERVER and FARMSCOPE_REDIS_SERVER to their binaries."
		return 3
	fi
	rest=$(missing)
	if [ -n "$rest" ]; then note "without $rest"; else note "$did $absent"; fi
}

# Installs $absent. A service that comes with a package is neither started now (policy-rc.d, the Debian Policy Manual,
# 9.3.3.1) nor at the next boot: nats-server, redis-server and prometheus are started by Farmscope or its tests on ports of their own.
install_as_root() {
	export DEBIAN_FRONTEND=noninteractive
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' INT TERM HUP
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	apt-get update || echo "apt-get update failed; trying with the lists that are there"
	# shellcheck disable=SC2086  # a list of names
	apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $absent || echo "apt-get install failed"
	if [ -d /run/systemd/system ]; then
		for service in nats-server redis-server prometheus; do
			case " $absent" in *" $service "*) systemctl disable --quiet "$service" || true ;; esac
		done
	fi
}

# Unpacks $absent, and what they need that is not installed, under $sysroot: apt works on lists and a cache of its own.
unpack_without_root() {
	apt=$root/.cache/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs" "$sysroot"
	set -- -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1
	apt-get "$@" update || echo "apt-get update failed; trying with the lists that are there"
	# shellcheck disable=SC2086  # a list of names
	wanted=$(apt-get "$@" --simulate --no-install-recommends install $absent | awk '$1 == "Inst" { print $2 }') || true
	# shellcheck disable=SC2086
	(cd "$apt/debs" && apt-get "$@" download $wanted) || echo "apt-get download failed"
	for archive in "$apt/debs"/*.deb; do
		[ ! -e "$archive" ] || dpkg-deb -x "$archive" "$sysroot"
	done
	rm -rf "$apt/debs"
	relocate_linker_scripts
	mend_library_links
	write_launchers
}

# libc6-dev's linker scripts name absolute paths: those of files that were unpacked are moved along.
relocate_linker_scripts() {
	for script in "$sysroot/usr/lib/$multiarch/libc.so" "$sysroot/usr/lib/$multiarch/libm.so"; do
		[ ! -f "$script" ] || sed -i "s# /usr/lib/$multiarch/# $sysroot/usr/lib/$multiarch/#g" "$script"
	done
}

# A library's link for the linker comes with the -dev package, the library itself may be one that the system has.
mend_library_links() {
	for link in "$sysroot/usr/lib/$multiarch"/*.so; do
		if [ -L "$link" ] && [ ! -e "$link" ]; then
			library=/usr/lib/$multiarch/$(basename "$(readlink "$link")")
			[ ! -e "$library" ] || ln -sf "$library" "$link"
		fi
	done
}

# One launcher per unpacked program: it adds the unpacked libraries and headers for that program only.
write_launchers() {
	mkdir -p "$launchers"
	for program in "$sysroot"/usr/bin/* "$sysroot"/usr/sbin/*; do
		[ -x "$program" ] || continue
		name=${program##*/}
		# Debian's chromium is a script with absolute paths around this program.
		[ "$name" != chromium ] || program=$sysroot/usr/lib/chromium/chromium
		cat >"$launchers/$name" <<-LAUNCHER
			#!/bin/sh
			root=\$(CDPATH='' cd -- "\$(dirname -- "\$0")/.." && pwd)
			libraries=\$root/usr/lib/$multiarch:\$root/lib/$multiarch
			export LD_LIBRARY_PATH="\$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
			export LIBRARY_PATH="\$libraries\${LIBRARY_PATH:+:\$LIBRARY_PATH}"
			export CPATH="\$root/usr/include:\$root/usr/include/$multiarch\${CPATH:+:\$CPATH}"
			exec "\$root${program#"$sysroot"}" "\$@"
		LAUNCHER
		chmod 755 "$launchers/$name"
	done
}
