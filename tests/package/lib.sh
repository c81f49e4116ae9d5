# What the scripts in this folder share: clean roots of Debian, made by debootstrap from the mirror that
# this machine's apt has. Sourced by bash scripts, which run as root.
#
# Each root is a folder below $roots. What is mounted in it is mounted for the processes inside alone, and
# gone with the last of them; none of them outlives the command that began them.
set -euo pipefail

srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
builddir=${builddir:-$srcdir/build}
roots=${TANDEM_ROOTS:-$builddir/roots}
passed=0
failed=0

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

pass() {
	passed=$((passed + 1))
	echo "ok: $*"
}

fail() {
	failed=$((failed + 1))
	echo "FAILED: $*"
}

# check NAME COMMAND...: one line, by its exit code. What it says is in $log afterwards, for the next one to
# look at, and shown on failure.
check() {
	local name=$1 status=0
	shift
	("$@") </dev/null >"$log.now" 2>&1 || status=$?
	mv "$log.now" "$log"
	if ((status == 0)); then
		pass "$name"
	else
		fail "$name"
		tail -n 40 "$log" | sed 's/^/    /'
		return 1
	fi
}

# counted NAME FILE: another script's lines, and what it counts at its end.
counted() {
	local counts
	sed -n "/^\(ok\|FAILED\): /s/: /: $1: /p" "$2"
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$2" | tail -n 1)
	if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	else
		fail "$1: does not come to its end"
	fi
	[[ $counts == *' 0 failed' ]] || sed 's/^/    /' "$2"
}

finish() {
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
	exit
}

# Prints what is missing here to make roots; false when something is.
roots_missing() {
	local program
	if ((EUID != 0)); then
		echo "root's rights"
	elif ! unshare --mount --pid --fork --kill-child true 2>/dev/null; then
		echo "the right to mount (unshare)"
	else
		for program in debootstrap chroot; do
			type -P "$program" >/dev/null || {
				echo "$program"
				return 1
			}
		done
		return 0
	fi
	return 1
}

# mirror: where this machine's apt has Debian from; nothing where it does not say.
mirror() {
	local uri origin
	if [[ -n ${TANDEM_MIRROR:-} ]]; then
		echo "$TANDEM_MIRROR"
		return
	fi
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Identifier: Packages' \
		2>/dev/null |
		while read -r uri origin label; do
			if [[ $origin == Debian && $label == Debian ]]; then
				echo "$uri"
				break
			fi
		done
}

# Settings of apt that lead to the mirror: they hold inside too.
proxy_settings() {
	apt-config dump 2>/dev/null | grep -i '^Acquire::[a-z:]*Proxy ' || true
}

# root_make NAME SUITE [OPTION...]: $roots/NAME, new; of the same suite and options only the first is
# fetched.
root_make() {
	local name=$1 suite=$2 base
	shift 2
	base=$roots/base-$suite$(printf '%s' "$@" | tr -cd 'a-z0-9')
	if [[ ! -e $base.tar ]]; then
		rm -rf "$base"
		mkdir -p "$base"
		# shellcheck disable=SC2046 # nothing is no argument
		debootstrap --variant=minbase "$@" "$suite" "$base" $(mirror) || return
		proxy_settings >"$base/etc/apt/apt.conf.d/90proxy"
		tar -C "$base" -cf "$base.tar.new" . && mv "$base.tar.new" "$base.tar" || return
		rm -rf "$base"
	fi
	rm -rf "${roots:?}/$name"
	mkdir -p "$roots/$name"
	tar -C "$roots/$name" -xf "$base.tar"
}

# root_run NAME COMMAND...: inside. Of the environment there is what is named here.
root_run() {
	local root=$roots/$1
	shift
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	# shellcheck disable=SC2016 # of the inner shell
	unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" bash -c '
		root=$1
		shift
		mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
			exec chroot "$root" env -i "$@"' _ "$root" \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 \
		${CI:+CI="$CI"} ${JOBS:+JOBS="$JOBS"} ${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# root_install NAME PACKAGE...
root_install() {
	local root=$1
	shift
	root_run "$root" apt-get update -qq &&
		root_run "$root" apt-get install -y -qq --no-install-recommends "$@"
}

# source_copy DIR: the sources, as they are here, without what was built.
source_copy() {
	mkdir -p "$1"
	if git -C "$srcdir" rev-parse --is-inside-work-tree >/dev/null 2>&1 && [[ -e $srcdir/.git ]]; then
		(cd "$srcdir" && git ls-files -z --cached --others --exclude-standard |
			xargs -0 cp --parents -P -t "$1")
	else
		tar -C "$srcdir" --exclude=./build --exclude=./debian/build -cf - . | tar -C "$1" -xf -
	fi
}
