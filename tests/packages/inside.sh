#!/bin/sh
# SPDX-License-Identifier: MIT
# What run.sh runs in the fresh system, as a unit of its systemd: a machine with
# nginx and a site, whose owner installs scribekv.
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive HOME=/root
url=http://shop.test
data=/var/lib/scribekv

fail()
{
	echo "inside: FAILED: $*"
	journalctl --no-pager -n 30 -u 'scribekvd*' -u nginx || :
	tail -n 5 /var/log/nginx/error.log || :
	exit 1
}

step()
{
	echo "inside: $*"
}

# install DIRECTORY: the packages there; there is no network.
install()
{
	apt-get install -qq -y --no-install-recommends \
	    "$1"/*.deb >/test/apt 2>&1 || fail "apt: $(cat /test/apt)"
}

# wait_for WHAT COMMAND...
wait_for()
{
	what=$1
	shift
	i=0
	until "$@" >/test/wait 2>&1; do
		i=$((i + 1))
		[ $i -lt 300 ] || fail "waited in vain for $what"
		sleep 0.1
	done
}

# answers WANTED ARGUMENT...: curl prints that.
answers()
{
	wanted=$1
	shift
	got=$(curl -sS -m 60 "$@" 2>&1) || fail "curl $*: $got"
	[ "$got" = "$wanted" ] || fail "curl $*: $got, not $wanted"
}

# nginx takes its configuration, and has taken it.
reload()
{
	nginx -t >/test/nginx 2>&1 || fail "$(cat /test/nginx)"
	systemctl reload nginx
}

serves()
{
	curl -fsS -m 10 "$url/health" | grep -F '"service":"scribekv"'
}

# ------------------------------------------------------ before, and install --

step 'a site of nginx'
echo '127.0.0.1 shop.test' >>/etc/hosts
ip link set lo up 2>/test/ip || :
cat >/etc/nginx/sites-enabled/shop <<'END'
server {
	listen 80;
	server_name shop.test;

	location / {
		return 200 "the shop\n";
	}
}
END
rm -f /etc/nginx/sites-enabled/default
systemctl restart nginx
answers 'the shop' $url/

step 'install'
install /test/old
for unit in scribekvd.service scribekvd.socket; do
	systemctl is-active --quiet $unit || fail "$unit does not run"
	systemctl is-enabled --quiet $unit || fail "$unit is not enabled"
done
id scribekv >/test/id || fail 'there is no user'
[ "$(stat -c '%a %U %G' /run/scribekv/scribekv.sock)" = \
    '660 scribekv www-data' ] || fail 'the socket has another owner or mode'
[ "$(stat -c '%a %U' $data)" = '700 scribekv' ] || fail 'nor the data'
ldconfig -p | grep -q libscribekv.so.0 || fail 'there is no library'
scribekvd --check-config

step 'one line in the site'
reload
answers 'the shop' $url/
sed -i 's|server_name.*|& include /etc/scribekv/nginx/scribekv-server.conf;|' \
    /etc/nginx/sites-enabled/shop
[ "$(wc -l </etc/nginx/sites-enabled/shop)" -eq 8 ] || fail 'not one line'
reload
wait_for 'the new configuration' serves
curl -fsS -X PUT -d hello "$url/kv/greeting?sync=true" || fail 'PUT'
answers hello $url/kv/greeting
answers 'the shop' $url/
answers 200 -o /test/openapi.json -w '%{http_code}' $url/openapi.json
[ "$(scribekv --url $url get greeting)" = hello ] || fail 'the client'

step 'the unit'
systemd-analyze verify --man=no /lib/systemd/system/scribekvd.* ||
	fail 'the units are not right'
systemd-analyze security --no-pager --threshold=20 scribekvd.service \
    >/test/security || fail "$(tail -n 1 /test/security)"
grep -q 'Overall exposure' /test/security || fail 'no score'
pid=$(systemctl show -P MainPID scribekvd.service)
grep -q '^Uid:.*0' /proc/"$pid"/status && [ "$(stat -c %U /proc/"$pid")" = root ] &&
	fail 'it runs as root'
for line in 'Seccomp:	2' 'NoNewPrivs:	1' 'CapBnd:	0000000000000000' \
    'CapEff:	0000000000000000'; do
	grep -qx "$line" /proc/"$pid"/status || fail "not so: $line"
done

step 'kill -9, and a request for a stopped service'
kill -9 "$pid"
answers hello $url/kv/greeting
systemctl stop scribekvd.service
answers hello $url/kv/greeting
systemctl is-active --quiet scribekvd.service || fail 'it was not started'

# --------------------------------------------------------------- upgrade --

step 'upgrade, under requests'
sed -i 's/^#log_level = info/log_level = debug/' /etc/scribekv/scribekv.conf
(
	n=0
	while [ ! -e /test/stop ]; do
		[ "$(curl -fsS -m 60 $url/kv/greeting)" = hello ] || {
			echo bad >>/test/bad
		}
		n=$((n + 1))
	done
	echo $n >/test/count
) >/test/load 2>&1 &
pid=$(systemctl show -P MainPID scribekvd.service)
install /test/new
[ "$(systemctl show -P MainPID scribekvd.service)" != "$pid" ] ||
	fail 'the old daemon still runs'
touch /test/stop
wait_for 'the requests to end' test -s /test/count
[ ! -e /test/bad ] || fail "requests failed: $(cat /test/load)"
dpkg-query -W -f '${Version}\n' scribekv | grep -q next || fail 'no new version'
grep -q '^log_level = debug' /etc/scribekv/scribekv.conf ||
	fail 'the configuration was not kept'
step "$(cat /test/count) requests answered meanwhile"

# ------------------------------------------------------ remove and purge --

step 'remove'
apt-get remove -qq -y scribekv >/test/apt 2>&1 || fail "$(cat /test/apt)"
systemctl is-active --quiet scribekvd.socket && fail 'the socket still listens'
systemctl is-active --quiet scribekvd.service && fail 'the daemon still runs'
[ -e $data/CURRENT ] || fail 'the data is gone'
nginx -t >/test/nginx 2>&1 || fail "$(cat /test/nginx)"
answers 502 -o /test/body -w '%{http_code}' $url/kv/greeting
answers 'the shop' $url/
install /test/old
answers hello $url/kv/greeting

step 'purge with nobody to ask'
sed -i 's| include /etc/scribekv.*||' /etc/nginx/sites-enabled/shop
apt-get purge -qq -y scribekv >/test/apt 2>&1 || fail "$(cat /test/apt)"
grep -q "keeping the data in $data" /test/apt || fail 'it does not say so'
[ -e $data/CURRENT ] || fail 'the data is gone'
[ ! -e /etc/scribekv ] || fail 'the configuration is left'
[ ! -e /etc/nginx/conf.d/scribekv.conf ] || fail "nginx's part is left"
reload
answers 'the shop' $url/

step 'purge by who said yes'
install /test/old
sed -i 's|server_name.*|& include /etc/scribekv/nginx/scribekv-server.conf;|' \
    /etc/nginx/sites-enabled/shop
reload
wait_for 'the new configuration' serves
answers hello $url/kv/greeting
sed -i 's| include /etc/scribekv.*||' /etc/nginx/sites-enabled/shop
echo 'scribekv scribekv/purge-data boolean true' | debconf-set-selections
apt-get purge -qq -y scribekv >/test/apt 2>&1 || fail "$(cat /test/apt)"
[ ! -e $data ] || fail 'the data is still there'
reload

echo 'inside: passed'
