# SPDX-License-Identifier: MIT
#
# What every integration test begins with: a temporary directory, the daemon
# and an nginx that runs the shipped snippets, both on UNIX sockets only, so
# that any number of tests runs at once.
#
#	. "$(dirname "$0")/lib.sh"
#	start
#	req PUT /kv/a -d '{"value":1}' -H "$json"
#	expect_status 200
#	stop
#
# Environment:	SKV_BUILDDIR	where it was built (default: build/)
#		SCRIBEKVD	the daemon to test instead
#		SKV_VALGRIND=1	run the daemon under valgrind
#		SKV_KEEP=1	leave the temporary directory behind
#		SKV_MARIADB=DIR	keep the data in the MariaDB server there, which
#				tests/mariadb.sh has started
#		SKV_FEWER=N	fault tests bring about one fault in N of what
#				they would
# Exit status: 0 passed, 1 failed, 77 skipped, 99 could not run.

set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

: "${SKV_SRCDIR:=$(dirname "$0")/../..}"
: "${SKV_BUILDDIR:=$SKV_SRCDIR/build}"
SKV_SRCDIR=$(cd "$SKV_SRCDIR" && pwd)
: "${SCRIBEKVD:=$SKV_BUILDDIR/fcgi/scribekvd}"
self=$(basename "$0" .sh)

for tool in nginx curl jq perl; do
	if ! command -v $tool >/dev/null; then
		echo "$self: skipped: there is no $tool"
		exit 77
	fi
done
if [ ! -x "$SCRIBEKVD" ]; then
	echo "$self: there is no $SCRIBEKVD"
	exit 99
fi

# A UNIX socket's path has at most 107 bytes, so this must be short.
dir=$(mktemp -d /tmp/skv.XXXXXX) || exit 99
chmod 755 "$dir"

dsock=$dir/d.sock
nsock=$dir/n.sock
site=http://scribekv.test # what is asked for on that socket
json='Content-Type: application/json'
bin='Content-Type: application/octet-stream'
ndaemon=0
nginx_workers=auto
nginx_http= # further directives for http {}
nginx_server= # further directives and for server {}
snippets= # of nginx, when they are not the source's own
# Tenths of a second that anything may take: not a measure of speed, only the
# end of waiting for what will not come.
deadline=${SKV_VALGRIND:+3000}
deadline=${deadline:-600}

export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"

# The shell has no local variables: functions below set none that a test would.

# --------------------------------------------------------------- store --

# Of the server that all tests share every one has a database of its own, named
# after its directory.
database=skv_${dir##*.}
maria_sh=$SKV_SRCDIR/tests/mariadb.sh

# maria SQL: as the server's root
maria()
{
	echo "$1" | "$maria_sh" --sql "$SKV_MARIADB" ||
		fail "MariaDB: $1"
}

# Makes the store that daemons are started on an empty one.
new_store()
{
	if [ -z "${SKV_MARIADB:-}" ]; then
		store=leveldb:$dir/db
		rm -rf "$dir/db"
	else
		store=mariadb://root@$(echo "$SKV_MARIADB/s" |
		    sed 's|/|%2F|g')/$database
		maria "CREATE OR REPLACE DATABASE $database;"
	fi
}

# follows REVISION BEFORE N: it is the N-th one after; with MariaDB, where they
# do not count writes, any later one.
follows()
{
	if [ -z "${SKV_MARIADB:-}" ]; then
		[ "$1" = $(($2 + $3)) ]
	else
		[ "$1" -gt "$2" ]
	fi || fail "revision $1 is not number $3 after $2"
}

# about_leveldb: skips what is about LevelDB's files and processes alone.
about_leveldb()
{
	[ -n "${SKV_MARIADB:-}" ] || return 0
	echo "$self: skipped: it is about LevelDB"
	exit 77
}

# ------------------------------------------------------------- endings --

fail()
{
	echo "$self: FAILED: $*" >&2
	if [ -f "$dir/request" ]; then
		echo "--- $(cat "$dir/request")" >&2
		head -c 2000 "$dir/head" >&2 || :
		head -c 1000 "$dir/body" >&2 || :
		echo >&2
	fi
	exit 1
}

# Ends what is left of $1, which spawn has started.
reap()
{
	[ -f "$dir/$1.pid" ] && [ ! -f "$dir/$1.rc" ] || return 0
	kill -TERM "$(cat "$dir/$1.pid")" 2>/dev/null || :
	reap_i=0
	while [ ! -f "$dir/$1.rc" ] && [ $reap_i -lt 50 ]; do
		sleep 0.1
		reap_i=$((reap_i + 1))
	done
	[ -f "$dir/$1.rc" ] ||
		kill -KILL "$(cat "$dir/$1.pid")" 2>/dev/null || :
}

finish()
{
	rc=$?
	trap - EXIT
	trap '' HUP INT PIPE TERM
	set +e
	reap nginx
	reap daemon
	for finish_pid in "$dir"/*.pid; do
		finish_name=${finish_pid##*/}
		reap "${finish_name%.pid}"
	done
	if grep -qsE 'runtime error:|ERROR: [A-Za-z]*Sanitizer|WARNING: Thr.*San|assertion failed' \
	    "$dir"/daemon.*.log; then
		echo "$self: the daemon's log has a report" >&2
		rc=1
	fi
	if [ $rc -ne 0 ] && [ $rc -ne 77 ]; then
		for log in "$dir"/daemon.*.log "$dir"/nginx/error.log; do
			[ -s "$log" ] || continue
			echo "--- $(basename "$log")" >&2
			tail -n 60 "$log" | cut -c 1-300 >&2
		done
	fi
	[ -z "${SKV_MARIADB:-}" ] ||
		(maria "DROP DATABASE IF EXISTS $database;") || rc=1
	if [ -n "${SKV_KEEP:-}" ]; then
		echo "$self: kept $dir" >&2
	else
		rm -rf "$dir"
	fi
	exit $rc
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
new_store

# ----------------------------------------------------------- processes --

# wait_for DESCRIPTION COMMAND...: until COMMAND succeeds.
wait_for()
{
	wait_what=$1
	shift
	wait_i=0
	until "$@"; do
		wait_i=$((wait_i + 1))
		[ $wait_i -lt "$deadline" ] ||
			fail "waited in vain for $wait_what"
		# Most things take only a moment.
		[ $wait_i -lt 20 ] && sleep 0.01 || sleep 0.1
	done
}

# spawn NAME LOG COMMAND...: in the background, with its process identifier in
# NAME.pid and, once it has ended, its exit status in NAME.rc.
spawn()
{
	spawn_name=$1
	spawn_log=$2
	shift 2
	rm -f "$dir/$spawn_name.pid" "$dir/$spawn_name.rc"
	# Here, as what is waited for may be in the log of the last one, which
	# the background opens a moment after spawn has returned.
	: >"$spawn_log"
	(
		trap - EXIT HUP INT TERM
		"$@" <&3 >"$spawn_log" 2>&1 &
		echo $! >"$dir/$spawn_name.new"
		mv "$dir/$spawn_name.new" "$dir/$spawn_name.pid"
		rc=0
		wait $! 2>/dev/null || rc=$?
		echo $rc >"$dir/$spawn_name.tmp"
		mv "$dir/$spawn_name.tmp" "$dir/$spawn_name.rc"
	) 3<&0 &
	wait_for "the start of $spawn_name" test -f "$dir/$spawn_name.pid"
}

# The daemon's command line, but for the options that tests add. No file of
# the machine's own configuration is read.
scribekvd()
{
	: >>"$dir/scribekv.conf"
	set -- "$SCRIBEKVD" --config "$dir/scribekv.conf" \
	    --store "$store" --socket "$dsock" --workers 2 "$@"
	[ -z "${SKV_VALGRIND:-}" ] || set -- valgrind -q --leak-check=full \
	    --error-exitcode=98 "$@"
	# The program of a build with shared libraries is a script.
	[ -z "${SKV_VALGRIND:-}" ] || [ ! -x "$SKV_BUILDDIR/libtool" ] ||
		set -- "$SKV_BUILDDIR/libtool" --mode=execute "$@"
	exec "$@"
}

ready_or_dead()
{
	[ -f "$dir/daemon.rc" ] || grep -q ready "$dlog"
}

start_daemon()
{
	ndaemon=$((ndaemon + 1))
	dlog=$dir/daemon.$ndaemon.log
	spawn daemon "$dlog" scribekvd "$@"
	wait_for "the daemon to be ready" ready_or_dead
	[ ! -f "$dir/daemon.rc" ] ||
		fail "the daemon ended with status $(cat "$dir/daemon.rc")"
}

# signal_daemon SIGNAL
signal_daemon()
{
	kill "-$1" "$(cat "$dir/daemon.pid")"
}

# stop_daemon [SIGNAL]: which must end it with exit status 0; only then have
# the sanitizers had their say.
stop_daemon()
{
	signal_daemon "${1:-TERM}"
	wait_for "the daemon to stop" test -f "$dir/daemon.rc"
	[ "$(cat "$dir/daemon.rc")" = 0 ] ||
		fail "the daemon ended with status $(cat "$dir/daemon.rc")"
}

kill_daemon()
{
	signal_daemon KILL
	wait_for "the daemon to die" test -f "$dir/daemon.rc"
}

# refused [OPTION...]: runs a daemon that must not start; its words are in
# $dir/refused.
refused()
{
	refused_rc=0
	: >>"$dir/scribekv.conf"
	timeout 30 "$SCRIBEKVD" --config "$dir/scribekv.conf" "$@" \
	    </dev/null >"$dir/refused" 2>&1 || refused_rc=$?
	echo "scribekvd $*: exit status $refused_rc" >"$dir/request"
	cp "$dir/refused" "$dir/head"
	: >"$dir/body"
	[ $refused_rc -ne 0 ] || fail "was not refused"
	[ $refused_rc -lt 124 ] || fail "did not end by itself"
}

nginx_up()
{
	[ ! -f "$dir/nginx.rc" ] || fail "nginx ended: $(cat "$dir/nginx.log")"
	curl -s -o "$dir/probe" --unix-socket "$nsock" http://scribekv.test/
}

# edit_snippets EXPRESSION: has nginx use a copy of the snippets that sed has
# changed by it, and that differs in nothing else.
edit_snippets()
{
	if [ -z "$snippets" ]; then
		snippets=$dir/src/nginx
		mkdir -p "$snippets"
		cp "$SKV_SRCDIR"/nginx/*.conf "$snippets"
		ln -s "$SKV_SRCDIR/doc" "$dir/src/doc"
	fi
	sed -i "$1" "$snippets"/*.conf
}

# impatient TIME: lets nginx wait no longer than that for the daemon.
impatient()
{
	edit_snippets "s/fastcgi_read_timeout .*;/fastcgi_read_timeout $1;/"
}

start_nginx()
{
	nginx_user=
	[ "$(id -u)" -ne 0 ] || nginx_user='user root;'
	mkdir -p "$dir/nginx"
	chmod 755 "$dir/nginx"
	sed -e '/^#/d' -e "s|@LISTEN@|unix:$nsock|" -e "s|@SOCKET@|$dsock|" \
	    -e "s|@PREFIX@|$dir/nginx|" -e "s|@SNIPPETS@|${snippets:-$SKV_SRCDIR/nginx}|" \
	    -e "s|@USER@|$nginx_user|" "$SKV_SRCDIR/nginx/quickstart.conf.in" \
	    -e "s|worker_processes auto|worker_processes $nginx_workers|" \
	    -e "s|^http {|&$nginx_http|" \
	    -e "s|^.*listen .*|&$nginx_server|" \
	    >"$dir/nginx.conf"
	spawn nginx "$dir/nginx.log" \
	    nginx -e "$dir/nginx/error.log" -c "$dir/nginx.conf"
	wait_for nginx nginx_up
}

stop_nginx()
{
	kill -TERM "$(cat "$dir/nginx.pid")"
	wait_for "nginx to stop" test -f "$dir/nginx.rc"
}

start()
{
	start_daemon "$@"
	start_nginx
}

stop()
{
	stop_nginx
	stop_daemon
}

# ------------------------------------------------------------ requests --

# req METHOD PATH [curl arguments]: leaves status, head and body in files.
req()
{
	printf '%.300s\n' "$*" >"$dir/request"
	req_method=$1
	req_path=$2
	shift 2
	if [ "$req_method" = HEAD ]; then
		set -- --head "$@"
	else
		set -- -X "$req_method" "$@"
	fi
	: >"$dir/body"
	: >"$dir/head"
	curl -sS --globoff --path-as-is --max-time $((deadline / 10)) \
	    --unix-socket "$nsock" -D "$dir/heads" -o "$dir/body" "$@" \
	    "$site$req_path" 2>"$dir/curl.err" ||
		fail "curl: $(cat "$dir/curl.err")"
	# Of several heads (100 Continue) the last one counts.
	awk '{ gsub(/\r/, "") }
	    /^HTTP\// { n = 0 }
	    NF { line[n++] = $0 }
	    END { for (i = 0; i < n; i++) print line[i] }' \
	    "$dir/heads" >"$dir/head"
	read -r _ status _ <"$dir/head" ||
		fail "no status line"
	[ "$req_method" != HEAD ] || : >"$dir/body"
}

# put KEY VALUE: raw bytes, by way of setting the scene.
put()
{
	req PUT "/kv/$1" -H "$bin" --data-binary "$2"
	expect_status 200
}

# header NAME: its values, one a line.
header()
{
	awk -v name="$1" 'BEGIN { name = tolower(name) ":" }
	    tolower(substr($0, 1, length(name))) == name {
		value = substr($0, length(name) + 1)
		sub(/^[ \t]+/, "", value)
		print value
	    }' "$dir/head"
}

expect_status()
{
	[ "$status" = "$1" ] || fail "status is $status, not $1"
}

# expect_header NAME PATTERN: some value of it matches the shell pattern.
expect_header()
{
	header "$1" >"$dir/values"
	while IFS= read -r expect_value; do
		# shellcheck disable=SC2254
		case $expect_value in
		$2)
			return 0
			;;
		esac
	done <"$dir/values"
	fail "no header $1: $2"
}

expect_no_header()
{
	[ -z "$(header "$1")" ] || fail "unexpected header $1"
}

# expect_body TEXT: these bytes and no others.
expect_body()
{
	printf %s "$1" >"$dir/expected"
	cmp -s "$dir/expected" "$dir/body" || fail "body is not '$1'"
}

expect_file()
{
	cmp "$1" "$dir/body" >&2 || fail "body differs from $1"
}

# expect_json FILTER: jq finds it true.
expect_json()
{
	jq -e "$1" "$dir/body" >/dev/null 2>"$dir/jq.err" ||
		fail "not true of the body: $1 $(cat "$dir/jq.err")"
}

# expect_problem STATUS: a problem document, as complete as all must be.
expect_problem()
{
	expect_status "$1"
	expect_header Content-Type 'application/problem+json*'
	expect_header X-Request-Id '????????*'
	expect_header Access-Control-Allow-Origin '*'
	expect_json ".type == \"about:blank\" and .status == $1 and
	    (.title | type == \"string\" and length > 0) and
	    (.detail | type == \"string\" and length > 0)"
}

# fewer N: how many faults in place of N, one at least.
fewer()
{
	echo $((($1 + ${SKV_FEWER:=1} - 1) / SKV_FEWER))
}

# repeat CHARACTER COUNT
repeat()
{
	head -c "$2" /dev/zero | tr '\0' "$1"
}

# etag: the quoted entity tag of the last answer.
etag()
{
	header ETag
}
