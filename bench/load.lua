-- SPDX-License-Identifier: MIT
-- One kind of request for wrk, over 10,000 keys and with values of 100 bytes.
-- All requests are made beforehand, so that wrk only sends them.
-- usage: wrk -t 2 -s load.lua URL -- KIND

local nkeys = 10000
local batch = 100
local value = string.rep("x", 100)

local function text_cbor(s)
	local n = #s
	if n < 24 then
		return string.char(0x60 + n) .. s
	end
	return string.char(0x78, n) .. s
end

local function key(i)
	return string.format("key%06d", i % nkeys)
end

local function json_op(i)
	return string.format('{"op":"put","key":"%s","value":"%s"}', key(i),
	    value)
end

local function cbor_op(i)
	return string.char(0xa3) .. text_cbor("op") .. text_cbor("put") ..
	    text_cbor("key") .. text_cbor(key(i)) ..
	    text_cbor("value") .. text_cbor(value)
end

local function ops(op, first, separator)
	local list = {}
	for i = first, first + batch - 1 do
		list[#list + 1] = op(i)
	end
	return table.concat(list, separator)
end

local raw = { ["Content-Type"] = "application/octet-stream" }
local json = { ["Content-Type"] = "application/json" }
local cbor = { ["Content-Type"] = "application/cbor" }

-- The request number i; of txn-json and txn-cbor there are as many as fill
-- the keys once.
local kinds = {
	get = function(i)
		return wrk.format("GET", "/kv/" .. key(i))
	end,
	put = function(i)
		return wrk.format("PUT", "/kv/" .. key(i), raw, value)
	end,
	["put-sync"] = function(i)
		return wrk.format("PUT", "/kv/" .. key(i) .. "?sync=true", raw,
		    value)
	end,
	["txn-json"] = function(i)
		return wrk.format("POST", "/kv", json,
		    '{"ops":[' .. ops(json_op, i * batch, ",") .. "]}")
	end,
	["txn-cbor"] = function(i)
		return wrk.format("POST", "/kv", cbor,
		    string.char(0xa1) .. text_cbor("ops") ..
		    string.char(0x98, batch) .. ops(cbor_op, i * batch, ""))
	end,
}

local requests = {}
local nrequests, nextrequest

-- Threads begin at different places.
local threads = 2
local nthreads = 0

function setup(thread)
	thread:set("id", nthreads)
	nthreads = nthreads + 1
end

function init(args)
	local kind = args[1]
	nrequests = kind:sub(1, 3) == "txn" and nkeys / batch or nkeys
	for i = 1, nrequests do
		requests[i] = kinds[kind](i - 1)
	end
	nextrequest = id * nrequests / threads
end

function request()
	nextrequest = nextrequest % nrequests + 1
	return requests[nextrequest]
end

-- One line: requests a second, p50 and p99 in microseconds, failures.
function done(summary, latency)
	local e = summary.errors
	io.write(string.format("result %.1f %d %d %d\n",
	    summary.requests * 1e6 / summary.duration, latency:percentile(50),
	    latency:percentile(99),
	    e.connect + e.read + e.write + e.status + e.timeout))
end
