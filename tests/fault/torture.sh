#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The fault tests with the large numbers:
#
#	torture.sh [--minutes N] [--seed S]
#
# Without --minutes as many of each as the table below says, otherwise for that
# time altogether. What was injected and found goes to standard output.
# Exit status: 0 nothing violated, 1 otherwise.
set -eu

minutes=
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 ;;
	--seed) seed=$2 ;;
	*)
		echo "usage: $0 [--minutes N] [--seed S]" >&2
		exit 2
		;;
	esac
	shift 2
done

dir=$(dirname "$0")
status=0
echo "torture: seed $seed"
while read -r name count share; do
	set -- --seed "$seed" --count "$count"
	[ -z "$minutes" ] || set -- --seed "$seed" --seconds \
	    $((minutes * 60 * share / 100))
	rc=0
	sh "$dir/$name.sh" "$@" </dev/null || rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 77 ] || status=1
done <<'TABLE'
powerloss 30000 26
faults 5000 15
kill 3000 10
bitflip 2000 5
http-kill 3000 10
nomem 2000 2
linear 200 10
../cluster/failover 200 10
fulldisk 200 4
repair 20 2
soak 60 5
../fuzz/fuzz 20000000 1
TABLE
if [ $status -eq 0 ]; then
	echo 'torture: nothing violated'
else
	echo 'torture: see above'
fi
exit $status
