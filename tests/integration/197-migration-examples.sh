#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples in doc/migration.md do what is shown: data comes from a real
# Redis, from its dump, from a real etcd, and from a server that answers as the
# predecessor does.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/document.sh"

for tool in redis-server redis-cli etcd etcdctl python3; do
	if ! command -v $tool >"$dir/which"; then
		echo "$self: skipped: there is no $tool"
		exit 77
	fi
done
program=$SKV_BUILDDIR/cli/scribekv
[ -x "$program" ] || {
	echo "$self: skipped: the program scribekv was not built"
	exit 77
}
scribekv()
{
	"$program" --unix-socket "$nsock" "$@"
}
redis_export()
{
	python3 "$SKV_SRCDIR/contrib/migrate/redis-export.py" "$@"
}

# ------------------------------------------------------- what there was --

mkdir "$dir/files"
cd "$dir/files"
redis-server --port 0 --unixsocket r.sock --dir . --dbfilename dump.rdb \
    --save '' --daemonize yes --pidfile r.pid --logfile r.log
redis()
{
	redis-cli -s r.sock "$@" >redis.out || fail "redis-cli $*"
}
ping_redis()
{
	redis-cli -s r.sock ping >redis.out 2>&1 && grep -q PONG redis.out
}
wait_for Redis ping_redis
redis set greeting hello
redis set session:9 abc
redis pexpireat session:9 4102444800000
redis hset user:1 name Ada age 36
redis rpush cart:7 apples pears
redis save
redis-cli -s r.sock shutdown nosave

# etcd on UNIX sockets: the paths are host and port of its URLs.
ETCDCTL_API=3
ETCDCTL_ENDPOINTS=unix://localhost:1
export ETCDCTL_API ETCDCTL_ENDPOINTS
spawn etcd etcd.log env -u ETCDCTL_API -u ETCDCTL_ENDPOINTS \
    ETCD_UNSUPPORTED_ARCH="$(uname -m | sed 's/aarch64/arm64/')" \
    etcd --data-dir "$dir/files/etcd" \
    --listen-client-urls unix://localhost:1 \
    --advertise-client-urls unix://localhost:1 \
    --listen-peer-urls unix://localhost:2 \
    --initial-advertise-peer-urls http://localhost:2 \
    --initial-cluster default=http://localhost:2
put_etcd()
{
	etcdctl put "$1" "$2" >etcdctl.out 2>&1
}
wait_for etcd put_etcd /config/mode fast
wait_for etcd put_etcd /config/size 42

# As the predecessor answers.
cat >old.py <<'END'
import http.server, json, socketserver
VALUES = {"colour": "green", "limits": {"low": 1, "high": [2, 3]}}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"value": VALUES[self.path[len("/kv/"):]]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "client"

socketserver.UnixStreamServer("old.sock", Handler).serve_forever()
END
printf 'colour\nlimits\n' >keys.txt
spawn old old.log python3 old.py
wait_for "the predecessor" test -S old.sock
curl()
{
	curl_socket=$nsock
	case $* in
	*127.0.0.1:3000*)
		curl_socket=$dir/files/old.sock
		;;
	esac
	command curl -sS --unix-socket "$curl_socket" "$@"
}

# ----------------------------------------------------------------- test --

start
document_sed='s/redis-export[.]py/redis_export/'
run_document "$SKV_SRCDIR/doc/migration.md" 14
stop
for name in etcd old; do
	reap $name
done

# What cannot be carried over is told, and the rest comes all the same.
redis-server --port 0 --unixsocket r.sock --dir . --dbfilename none.rdb \
    --save '' --daemonize yes --pidfile r.pid --logfile r.log
wait_for Redis ping_redis
redis xadd stream '*' a b
redis zadd scores 1 one 2.5 two
redis sadd tags y x
redis set leaves 1
redis pexpireat leaves 4102444800000
printf '\377\000' | redis -x set 'not text'
printf '\377' | redis -x rpush 'not text either'
rc=0
redis_export --unix r.sock >left.ndjson 2>left.err || rc=$?
grep -q '"key":"leaves".*"expires_ms":4102444800000}' left.ndjson ||
	fail "$(cat left.ndjson)"
redis-cli -s r.sock shutdown nosave
[ $rc -eq 1 ] || fail "redis-export.py ended with $rc"
grep -q 'stream.*left out' left.err || fail "$(cat left.err)"
grep -q 'not text either.*left out' left.err || fail "$(cat left.err)"
cat >expected <<'END'
{"key":"not text","value":"/wA=","encoding":"base64","type":"application/octet-stream"}
{"key":"scores","value":[["one",1],["two",2.5]]}
{"key":"tags","value":["x","y"]}
END
grep -v leaves left.ndjson | sort | cmp - expected || fail "$(cat left.ndjson)"
rc=0
redis_export --unix r.sock >left.ndjson 2>left.err || rc=$?
[ $rc -eq 1 ] && grep -q '^redis-export: ' left.err ||
	fail "no Redis: status $rc, $(cat left.err)"
cd /
