# SPDX-License-Identifier: MIT
#
# What the fault tests begin with: runs the torture program, or a copy of it
# with a known fault. Their arguments are those of the program, "--count N" and
# "--seed S" above all.
#
#	. "$(dirname "$0")/lib.sh"
#	torture powerloss "$@"
#
# Environment:	SKV_BUILDDIR	where it was built (default: build/)
#		SKV_FEWER=N	one fault in N of what is usual
# Exit status: 0 passed, 1 failed, 77 skipped, 99 could not run.

set -eu
: "${SKV_BUILDDIR:=$(dirname "$0")/../../build}"
SKV_BUILDDIR=$(cd "$SKV_BUILDDIR" && pwd)
here=$SKV_BUILDDIR/tests/fault
POWERLOSS_SO=$here/.libs/powerloss.so
if [ -e "$POWERLOSS_SO" ]; then
	export POWERLOSS_SO
else
	unset POWERLOSS_SO
fi

# torture[_FAULT] TEST [ARGUMENT...]
torture()
{
	exec "$here/torture" "$@"
}
torture_barrier()
{
	exec "$here/torture_barrier" "$@"
}
torture_dirsync()
{
	exec "$here/torture_dirsync" "$@"
}
