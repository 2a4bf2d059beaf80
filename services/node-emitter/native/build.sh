#!/bin/sh
# Compiles the native shim (.cache/native/farmscope.node) and the kernel programs (.cache/bpf/*.o).
# What has not changed is not compiled again.
#
#   sh services/node-emitter/native/build.sh          shim and kernel programs
#   sh services/node-emitter/native/build.sh --test   besides, the shim's own test: .cache/native/shim-test
#
# FARMSCOPE_SYSROOT names a directory into which packages were unpacked without root; its headers and libraries are used
# first. CC, CLANG and LLVM_STRIP name other tools.
# Exit codes: 0 done, 1 compilation failed, 2 usage, 3 something needed is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../../.." && pwd)
node_api=$root/node_modules/node-api-headers/include
native=$root/.cache/native
objects=$root/.cache/bpf
sysroot=${FARMSCOPE_SYSROOT:-}
cc=${CC:-gcc}
clang=${CLANG:-clang}
strip=${LLVM_STRIP:-llvm-strip}
warnings='-Wall -Wextra -Werror'
shim='shim.c uprobe.c calibrate.c read.c ring.c lanes.c audit.c frames.c tracefs.c'

test_too=no
case "${1-}" in
'') ;;
--test) test_too=yes ;;
*)
	echo "build: unknown flag $1; usage: sh build.sh [--test]" >&2
	exit 2
	;;
esac

# missing WHAT PACKAGE
missing() {
	echo "build: $1 is missing; on Debian: apt install $2" >&2
	exit 3
}

# stale OUTPUT FLAGS SOURCE...: true when OUTPUT was not made by these flags of these sources.
stale() {
	output=$1
	fingerprint=$(echo "$2" && shift 2 && cat "$@" | cksum)
	[ -f "$output" ] && [ "$(cat "$output.stamp" 2>/dev/null)" = "$fingerprint" ] && return 1
	rm -f "$output.stamp"
	return 0
}

fresh() { echo "$fingerprint" >"$output.stamp"; }

case $(uname -m) in
x86_64) target=x86 ;;
aarch64) target=arm64 ;;
riscv64) target=riscv ;;
*)
	echo "build: no kernel programs for $(uname -m)" >&2
	exit 3
	;;
esac

includes=
libraries=
if [ -n "$sysroot" ] && [ -d "$sysroot/usr/include" ]; then
	unpacked=$sysroot/usr/lib/$(uname -m)-linux-gnu
	includes="-isystem $sysroot/usr/include -isystem $sysroot/usr/include/$(uname -m)-linux-gnu"
	libraries="-L$unpacked -Wl,-rpath,$unpacked"
fi

command -v "$cc" >/dev/null || missing "a C compiler ($cc)" gcc
command -v "$clang" >/dev/null || missing "clang ($clang)" clang
command -v "$strip" >/dev/null || missing "llvm-strip ($strip)" llvm
[ -f "$node_api/node_api.h" ] || {
	echo "build: node_modules/node-api-headers is missing; run npm ci" >&2
	exit 3
}
# shellcheck disable=SC2086  # lists of flags
echo '#include <bpf/libbpf.h>' | "$cc" $includes -E -o /dev/null - 2>/dev/null || missing "libbpf's header" libbpf-dev

mkdir -p "$native" "$objects"
cd "$here"

flags="$cc -std=gnu11 -O2 -fPIC $warnings $includes -isystem $node_api $libraries"
# shellcheck disable=SC2086
if stale "$native/farmscope.node" "$flags" ./*.c ./*.h "$root"/bpf/include/*.h; then
	echo 'build: farmscope.node'
	$flags -shared -o "$native/farmscope.node.new" napi.c napi-call.c napi-machine.c $shim -lbpf
	mv "$native/farmscope.node.new" "$native/farmscope.node"
	fresh
fi

flags="$clang -target bpf -mcpu=v3 -O2 -g $warnings -Wno-unused-parameter -D__TARGET_ARCH_$target $includes"
for source in "$root"/bpf/*.bpf.c; do
	name=$(basename "$source" .bpf.c)
	# shellcheck disable=SC2086
	if stale "$objects/$name.o" "$flags" "$source" "$root"/bpf/include/*.h; then
		echo "build: $name.o"
		$flags -I"$root/bpf/include" -c -o "$objects/$name.o.new" "$source"
		"$strip" -g "$objects/$name.o.new"
		mv "$objects/$name.o.new" "$objects/$name.o"
		fresh
	fi
done

[ "$test_too" = yes ] || exit 0
flags="$cc -std=gnu11 -O1 -g -fsanitize=undefined -fno-sanitize-recover $warnings"
# shellcheck disable=SC2086
if stale "$native/shim-test" "$flags" ./*.c ./*.h "$root"/bpf/include/*.h; then
	echo 'build: shim-test'
	$flags -o "$native/shim-test" shim-test.c lanes-test.c ring.c lanes.c audit.c frames.c
	fresh
fi
