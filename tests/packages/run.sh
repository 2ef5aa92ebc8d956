#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Debian packages in a fresh Debian: run.sh DIRECTORY, with *.deb in it, by
# root. A minimal system is made, booted with its own systemd in a container
# without network, and inside.sh runs in it: installs the packages, has a site of
# nginx include one line, uses it, upgrades, removes and purges.
#
# Exit status: 0 passed, 1 failed, 77 skipped: no system could be made or booted.
set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
debs=$(cd "$1" && pwd)
self=packages

# On a disk: the system has half a gigabyte.
dir=$(mktemp -d /var/tmp/skv.XXXXXX)
finish()
{
	rc=$?
	trap - EXIT
	[ -z "${SKV_KEEP:-}" ] || {
		echo "$self: kept $dir" >&2
		exit $rc
	}
	rm -rf "$dir"
	exit $rc
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
root=$dir/root

# --------------------------------------------------- without a system --

# The library's packages are enough to build and run a program. What they
# depend on is here, because it was built here.
arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
for deb in "$debs"/*.deb; do
	case $deb in
	*-dbgsym_*) ;;
	*) dpkg-deb -x "$deb" "$dir/files" ;;
	esac
done
CC=${CC:-cc} LIBDIR=$dir/files/usr/lib/$arch \
    PKGCONFIGDIR=$dir/files/usr/lib/$arch/pkgconfig \
    SBINDIR=$dir/files/usr/sbin SYSROOT=$dir/files \
    EXAMPLE=$dir/files/usr/share/doc/libscribekv-dev/examples/greeting.c \
    sh "$here/../installcheck.sh"

# The next version, to upgrade to.
mkdir "$dir/test" "$dir/test/old" "$dir/test/new"
cp "$debs"/*.deb "$dir/test/old"
rm -f "$dir"/test/old/*-dbgsym_*
dpkg-deb -R "$dir"/test/old/scribekv_*.deb "$dir/next"
sed -i 's/^Version: .*/&+next/' "$dir/next/DEBIAN/control"
dpkg-deb -b "$dir/next" "$dir/test/new" >"$dir/build.log"
cp "$here/inside.sh" "$dir/test"

# ------------------------------------------------------------ a system --

# What the packages depend on is fetched while there is a network.
# shellcheck disable=SC2016
mmdebstrap --variant=minbase --skip=cleanup/apt --quiet \
    --include=systemd,dbus,nginx-light,curl,debconf-utils,procps \
    --customize-hook="touch '$dir/made'" \
    --customize-hook="copy-in '$dir/test' /" \
    --customize-hook='chroot "$1" sh -c "apt-get install -qq -y \
	--download-only --no-install-recommends /test/old/*.deb"' \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" \
    >"$dir/mmdebstrap.log" 2>&1 || {
	tail -n 5 "$dir/mmdebstrap.log"
	if [ -e "$dir/made" ]; then
		echo "$self: FAILED: what the packages need is not to be had"
		exit 1
	fi
	echo "$self: skipped: no Debian can be made here"
	exit 77
}
cat >"$root/etc/systemd/system/inside.service" <<'END'
[Unit]
SuccessAction=exit
SuccessActionExitStatus=0
FailureAction=exit
FailureActionExitStatus=1

[Service]
Type=oneshot
TimeoutStartSec=300
ExecStart=/bin/sh /test/inside.sh
StandardOutput=file:/test/log
StandardError=inherit
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../inside.service "$root/etc/systemd/system/multi-user.target.wants/"
rm -f "$root/usr/sbin/policy-rc.d"

# Without a systemd outside there is no unit to put the container in.
keep=
[ -d /run/systemd/system ] || keep=--keep-unit
# shellcheck disable=SC2086
timeout -k 10 400 systemd-nspawn --quiet --register=no $keep --machine=scribekv \
    --private-network --console=pipe --directory="$root" --boot \
    </dev/null >"$dir/console" 2>&1 || status=$?
if [ ! -s "$root/test/log" ]; then
	tail -n 20 "$dir/console"
	echo "$self: skipped: the system cannot be booted here"
	exit 77
fi
cat "$root/test/log"
tail -n 1 "$root/test/log" | grep -qx 'inside: passed' || {
	tail -n 20 "$dir/console"
	echo "$self: FAILED (${status:-0})"
	exit 1
}
