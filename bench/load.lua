-- SPDX-License-Identifier: MIT
-- One kind of request for wrk.
-- usage: wrk -t N ... -s load.lua URL -- KIND [KEYS [BYTES [zipf]]]
--
-- Over 10,000 keys and with values of 100 bytes unless told otherwise. When
-- all requests are not too many they are made beforehand, in the order of the
-- keys, so that wrk only sends them; otherwise each is made when it is sent,
-- for a key by chance: every key as likely as another, or by Zipf's law with
-- exponent 0.99.

local kind, nkeys, size, zipf
local batch = 100
local premade_bytes = 64 * 1024 * 1024

-- ---------------------------------------------------------------- bodies --

-- Bytes that do not compress well, the same in every run.
local blob

local function make_blob(n)
	local state, t = 1, {}
	for i = 1, n do
		state = (state * 16807) % 2147483647
		t[i] = string.char(35 + state % 57) -- no " and no \
	end
	return table.concat(t)
end

local function value(i)
	local first = i * 7919 % (#blob - size)
	return blob:sub(first + 1, first + size)
end

local function key(i)
	return string.format("key%08d", i % nkeys)
end

-- A string of bytes or text, by the bits of its kind.
local function cbor(kind, s)
	local n = #s
	if n < 24 then
		return string.char(kind + n) .. s
	elseif n < 256 then
		return string.char(kind + 24, n) .. s
	end
	return string.char(kind + 25, math.floor(n / 256), n % 256) .. s
end

local function text_cbor(s)
	return cbor(0x60, s)
end

local function json_op(i)
	return string.format('{"op":"put","key":"%s","value":"%s"}', key(i),
	    value(i))
end

local function cbor_op(i)
	return string.char(0xa3) .. text_cbor("op") .. text_cbor("put") ..
	    text_cbor("key") .. text_cbor(key(i)) ..
	    text_cbor("value") .. text_cbor(value(i))
end

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" ..
    "0123456789+/"

local function base64(s)
	local out = {}
	for i = 1, #s, 3 do
		local a, b, c = s:byte(i, i + 2)
		local n = a * 65536 + (b or 0) * 256 + (c or 0)
		for j = 3, 0, -1 do
			local d = math.floor(n / 64 ^ j) % 64 + 1
			out[#out + 1] = digits:sub(d, d)
		end
	end
	local pad = -#s % 3
	return table.concat(out):sub(1, -1 - pad) .. ("="):rep(pad)
end

-- The same with values that are no text.
local function bytes(i)
	return (value(i):gsub(".", function(c)
		return string.char((c:byte() * 101 + i) % 256)
	end))
end

local function json_bytes_op(i)
	return string.format('{"op":"put","key":"%s","encoding":"base64",' ..
	    '"value":"%s"}', key(i), base64(bytes(i)))
end

local function cbor_bytes_op(i)
	return string.char(0xa3) .. text_cbor("op") .. text_cbor("put") ..
	    text_cbor("key") .. text_cbor(key(i)) ..
	    text_cbor("value") .. cbor(0x40, bytes(i))
end

local function ops(op, first, separator)
	local list = {}
	for i = first, first + batch - 1 do
		list[#list + 1] = op(i)
	end
	return table.concat(list, separator)
end

-- -------------------------------------------------------------- requests --

local function get(path)
	return "GET " .. path .. " HTTP/1.1\r\nHost: bench\r\n\r\n"
end

local function send(method, path, type, body)
	return string.format("%s %s HTTP/1.1\r\nHost: bench\r\n" ..
	    "Content-Type: %s\r\nContent-Length: %d\r\n\r\n", method, path, type,
	    #body) .. body
end

local raw = "application/octet-stream"

-- Of a batch, whose operations a function makes.
local function txn_json(op)
	return function(i)
		return send("POST", "/kv", "application/json",
		    '{"ops":[' .. ops(op, i * batch, ",") .. "]}")
	end
end

local function txn_cbor(op)
	return function(i)
		return send("POST", "/kv", "application/cbor",
		    string.char(0xa1) .. text_cbor("ops") ..
		    string.char(0x98, batch) .. ops(op, i * batch, ""))
	end
end

-- The request number i.
local kinds = {
	get = function(i)
		return get("/kv/" .. key(i))
	end,
	put = function(i)
		return send("PUT", "/kv/" .. key(i), raw, value(i))
	end,
	["put-sync"] = function(i)
		return send("PUT", "/kv/" .. key(i) .. "?sync=true", raw,
		    value(i))
	end,
	["txn-json"] = txn_json(json_op),
	["txn-cbor"] = txn_cbor(cbor_op),
	["txn-json-bytes"] = txn_json(json_bytes_op),
	["txn-cbor-bytes"] = txn_cbor(cbor_bytes_op),
	-- An answer of nginx itself: see lib.sh.
	["return"] = function(i)
		return get("/bench")
	end,
	["webdis-get"] = function(i)
		return get("/GET/" .. key(i) .. ".txt")
	end,
	["webdis-put"] = function(i)
		return send("PUT", "/SET/" .. key(i), raw, value(i))
	end,
	["etcd-get"] = function(i)
		return send("POST", "/v3/kv/range", "application/json",
		    '{"key":"' .. base64(key(i)) .. '"}')
	end,
	["etcd-put"] = function(i)
		return send("POST", "/v3/kv/put", "application/json",
		    '{"key":"' .. base64(key(i)) .. '","value":"' ..
		    base64(value(i)) .. '"}')
	end,
}

-- ------------------------------------------------------------------ keys --

-- Ranks by Zipf's law, after Gray et al., "Quickly generating billion-record
-- synthetic databases" (1994). The sum is exact for the first ranks and an
-- integral for the rest; hot keys are spread over all keys by a prime.
local function zipf_ranks(n)
	local theta, exact, sum = 0.99, math.min(n, 100000), 0
	for i = 1, exact do
		sum = sum + 1 / i ^ theta
	end
	sum = sum + ((n + 0.5) ^ (1 - theta) - (exact + 0.5) ^ (1 - theta)) /
	    (1 - theta)
	local alpha = 1 / (1 - theta)
	local eta = (1 - (2 / n) ^ (1 - theta)) / (1 - (1 + 0.5 ^ theta) / sum)
	return function()
		local u = math.random()
		local uz = u * sum
		local rank = math.floor(n * (eta * u - eta + 1) ^ alpha)
		if uz < 1 then
			rank = 0
		elseif uz < 1 + 0.5 ^ theta then
			rank = 1
		end
		return rank * 1000003 % n
	end
end

-- ------------------------------------------------------------------- wrk --

local requests = {}
local make, choose
local nrequests, nextrequest

-- Threads begin at different places.
local nthreads = 0

function setup(thread)
	thread:set("id", nthreads)
	nthreads = nthreads + 1
end

function init(args)
	kind = args[1]
	nkeys = tonumber(args[2] or 10000)
	size = tonumber(args[3] or 100)
	zipf = args[4] == "zipf"
	math.randomseed(id + 1)
	blob = make_blob(size + 65536)
	make = kinds[kind]
	nrequests = kind:sub(1, 3) == "txn" and nkeys / batch or nkeys
	if nkeys <= 10000 and nkeys * size <= premade_bytes and not zipf then
		for i = 1, nrequests do
			requests[i] = make(i - 1)
		end
		nextrequest = math.floor(id * nrequests / 2)
	elseif zipf then
		choose = zipf_ranks(nkeys)
	else
		choose = function()
			return math.random(0, nrequests - 1)
		end
	end
end

function request()
	if choose then
		return make(choose())
	end
	nextrequest = nextrequest % nrequests + 1
	return requests[nextrequest]
end

-- One line: requests a second; p50, p99, p99.9 and the longest in
-- microseconds; failures.
function done(summary, latency)
	local e = summary.errors
	io.write(string.format("result %.1f %d %d %d %d %d\n",
	    summary.requests * 1e6 / summary.duration, latency:percentile(50),
	    latency:percentile(99), latency:percentile(99.9), latency.max,
	    e.connect + e.read + e.write + e.status + e.timeout))
end
