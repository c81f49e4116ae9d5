#!/bin/bash
# What is in packaging/ and debian/ is taken by the program that it is for; those that are not installed are
# named. One case a file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unchecked=()

# parsed FILE PROGRAM [ARGUMENT...]: the program has nothing against FILE.
parsed() {
	local file=$1 said
	shift
	if ! type -P "$1" >/dev/null; then
		unchecked+=("$file: $1 is not installed")
		return
	fi
	if said=$("$@" 2>&1 </dev/null); then
		pass
	else
		fail "$file:1: $1: $said"
	fi
}

# --- one version

version=$(sed -n 's/^AC_INIT(\[tandem\], \[\(.*\)\])$/\1/p' configure.ac)
verdict "$(sed -n "1{/^tandem ($version)/!s/^/debian\/changelog:1: not $version: /p}" debian/changelog)"
verdict "$(grep -n '^Version:' packaging/rpm/tandem.spec | grep -v ":Version: *$version\$" |
	sed "s/^/packaging\/rpm\/tandem.spec:/; s/\$/, not $version/" || true)"

# --- each by its program

# the abstractions that a profile includes come with it
if [[ -d /etc/apparmor.d/abstractions ]]; then
	parsed packaging/apparmor/usr.sbin.tandemd apparmor_parser -Q -K packaging/apparmor/usr.sbin.tandemd
else
	unchecked+=("packaging/apparmor/usr.sbin.tandemd: no abstractions here")
fi

for file in packaging/firewalld/*.xml; do
	parsed "$file" xmllint --noout "$file"
	[[ $file == *[0-9a-z].xml ]] || continue
	parsed "$file" firewall-offline-cmd --system-config "$scratch" --new-service-from-file="$file"
done

# logrotate takes none that others may write, nor a user that is not there
sed -e "s|/var/lib/tandem|$scratch|; s/su tandem tandem/su $(id -un) $(id -gn)/" \
	packaging/logrotate/tandem >"$scratch/logrotate"
chmod 0644 "$scratch/logrotate"
echo record >"$scratch/cdr.jsonl"
parsed packaging/logrotate/tandem logrotate --force --state "$scratch/state" "$scratch/logrotate"
if [[ -e $scratch/state ]]; then
	# what tandemctl reads beside cdr.jsonl, as text
	[[ $(cat "$scratch/cdr.jsonl.1" 2>/dev/null) == record && ! -e $scratch/cdr.jsonl ]] && pass ||
		fail "packaging/logrotate/tandem:1: what was cdr.jsonl is not cdr.jsonl.1"
fi

# nft asks the kernel, in a network of its own
if ! type -P nft >/dev/null; then
	unchecked+=("packaging/nftables/tandem.nft: nft is not installed")
elif ((EUID == 0)) && unshare --net true 2>/dev/null; then
	parsed packaging/nftables/tandem.nft unshare --net nft -c -f packaging/nftables/tandem.nft
else
	unchecked+=("packaging/nftables/tandem.nft: needs root's rights")
fi

# A macro that is not known here stays as it is; what is no spec fails all the same.
parsed packaging/rpm/tandem.spec rpmspec -P packaging/rpm/tandem.spec
cp packaging/rpm/tandem.spec "$scratch"
touch "$scratch/tandem-$version.tar.xz"
parsed packaging/rpm/tandem.spec rpmbuild -bs --nodeps --quiet --define "_topdir $scratch/rpm" \
	--define "_sourcedir $scratch" "$scratch/tandem.spec"

for file in debian/tandem.post* debian/rules; do
	case $file in
	*rules) parsed "$file" make -n -f "$file" clean ;;
	*) parsed "$file" sh -n "$file" ;;
	esac
done
parsed debian/changelog dpkg-parsechangelog -l debian/changelog
parsed debian/copyright grep -q '^Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/$' \
	debian/copyright
parsed debian/control dpkg-source --before-build .

((${#unchecked[@]} == 0)) || printf 'unchecked: %s\n' "${unchecked[@]}"
finish
