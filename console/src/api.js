// SPDX-License-Identifier: MIT
// The HTTP interface of scribekv, as far as the console needs it. Every
// request goes to the server that the page came from.
import {
	fromBase64, fromText, toArray, toBase64, toQuery, toText,
} from './bytes.js';

// What a request that failed throws: a problem document (RFC 9457), or what
// there is instead of one.
export class Problem extends Error {
	constructor(status, body) {
		super(body.detail ?? body.title ?? `the server answered ${status}`);
		this.status = status;
		this.body = body;
	}
}

const json = { 'Content-Type': 'application/json' };

// Failure to get any answer is a Problem too, with status 0.
async function request(path, options = {}) {
	let response;
	try {
		response = await fetch(path, { cache: 'no-store', ...options });
	} catch (error) {
		if (error.name === 'AbortError')
			throw error;
		throw new Problem(0, { detail:
		    'The server cannot be reached. Is nginx running?' });
	}
	if (!response.ok) {
		const body = await response.json().catch(() => ({}));
		throw new Problem(response.status, body ?? {});
	}
	return response;
}

const keyPath = (key, more = '') => `/kv?key=${toQuery(key)}${more}`;
const keyOf = (item) => 'key64' in item ? fromBase64(item.key64) :
    fromText(item.key);

// ------------------------------------------------------------------ lists --

// One page: { rows: [{ key, folder, ... }], cursor }, in the order of keys.
export async function list(prefix, delimiter, cursor, limit = 200) {
	let path = `/kv?limit=${limit}`;
	if (prefix !== '')
		path += `&prefix=${toQuery(prefix)}`;
	if (delimiter !== '')
		path += `&delimiter=${toQuery(fromText(delimiter))}`;
	if (cursor !== null)
		path += `&cursor=${toQuery(cursor)}`;
	const page = await (await request(path,
	    { headers: { Accept: 'application/json' } })).json();
	const rows = page.items.map((item) =>
	    ({ ...item, key: keyOf(item), folder: false }));
	for (const p of page.prefixes ?? [])
		rows.push({ folder: true, key: typeof p === 'string' ?
		    fromText(p) : fromBase64(p.prefix64) });
	rows.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
	return { rows, cursor: page.cursor };
}

export async function count(prefix, signal) {
	const range = prefix === '' ? '' : `&prefix=${toQuery(prefix)}`;
	const response = await request(`/kv?count=true${range}`,
	    { headers: { Accept: 'application/json' }, signal });
	return (await response.json()).count;
}

// -------------------------------------------------------------------- one --

export const LARGEST = 1 << 20; // bytes that are put into an editor

// The form of a value: 'raw' bytes with a type, or what came in an envelope:
// 'text', 'document' (JSON) or 'bytes'. data is a byte string, etag without
// its quotes, ttl in seconds or null. Of a value over LARGEST bytes data is
// only the beginning.
export async function read(key) {
	// The representation that was put shows in the tag's last letter.
	const head = await request(keyPath(key), { method: 'HEAD' });
	const letter = head.headers.get('ETag').slice(-2, -1);
	const size = Number(head.headers.get('Content-Length'));
	const partial = size > LARGEST;
	const options = partial ?
	    { headers: { Range: `bytes=0-${(64 << 10) - 1}` } } : {};
	const raw = await request(keyPath(key, '&raw'), options);
	const array = new Uint8Array(await raw.arrayBuffer());
	const ttl = raw.headers.get('KV-TTL');
	const value = {
		etag: raw.headers.get('ETag').replace(/"/g, ''),
		revision: raw.headers.get('KV-Revision'),
		ttl: ttl === null ? null : Number(ttl),
		type: raw.headers.get('Content-Type'),
		size: Number(raw.headers.get('Content-Range')?.split('/')[1] ??
		    array.length),
		partial,
		array,
	};
	if (letter === 'r')
		return { ...value, form: 'raw' };
	if (value.type.startsWith('text/plain'))
		return { ...value, form: 'text' };
	if (value.type.startsWith('application/octet-stream'))
		return { ...value, form: 'bytes' };
	if (value.type.startsWith('application/cbor'))
		return { ...partial ? value : await converted(key, value),
			form: 'document' };
	return { ...value, form: 'document' };
}

// A CBOR document, as the JSON text that the server makes of it.
async function converted(key, value) {
	const response = await request(keyPath(key),
	    { headers: { Accept: 'application/json' } });
	const text = await response.text();
	// {"value":X,"etag":...}: X as it is, since numbers lose digits in
	// JSON.parse(). It ends before the etag, which is the last such text.
	const begin = text.indexOf(':') + 1;
	const end = text.lastIndexOf(',"etag":"');
	return {
		...value, cbor: true,
		array: new TextEncoder().encode(text.slice(begin, end)),
	};
}

// Writes data (a byte string) in one of the forms of read(). etag: the version
// that it takes the place of; null: the key must be absent; undefined: in any
// case. A Problem of status 412 says that it is otherwise.
export async function write(key, { form, type, data, ttl }, etag) {
	const headers = condition(etag);
	let path = keyPath(key);
	let body;
	if (form === 'raw') {
		path += `&raw${ttl === null ? '' : `&ttl=${ttl}`}`;
		headers['Content-Type'] = type;
		body = toArray(data);
	} else {
		Object.assign(headers, json);
		const members = form === 'bytes' ? '"encoding":"base64",' : '';
		const value = form === 'document' ? toText(data) : JSON.stringify(
		    form === 'bytes' ? toBase64(data) : toText(data));
		body = `{${members}${ttl === null ? '' : `"ttl":${ttl},`}` +
		    `"value":${value}}`;
	}
	await request(path, { method: 'PUT', headers, body });
}

export async function remove(key, etag) {
	await request(keyPath(key),
	    { method: 'DELETE', headers: condition(etag) });
}

function condition(etag) {
	if (etag === undefined)
		return {};
	return etag === null ? { 'If-None-Match': '*' } :
	    { 'If-Match': `"${etag}"` };
}

export async function removeRange(prefix) {
	const range = prefix === '' ? 'all=true' : `prefix=${toQuery(prefix)}`;
	const response = await request(`/kv?${range}`, { method: 'DELETE' });
	return (await response.json()).deleted;
}

export const rawPath = (key) => keyPath(key, '&raw');

// ------------------------------------------------------- import and export --

export async function exportRange(prefix, signal) {
	const range = prefix === '' ? '' : `?prefix=${toQuery(prefix)}`;
	return await request(`/kv${range}`,
	    { headers: { Accept: 'application/x-ndjson' }, signal });
}

export async function importLines(lines, signal) {
	const response = await request('/kv', {
		method: 'POST',
		headers: { 'Content-Type': 'application/x-ndjson' },
		body: lines, signal,
	});
	return (await response.json()).imported;
}

// ------------------------------------------------------------------ state --

export async function health() {
	try {
		return await (await request('/health')).json();
	} catch (problem) {
		if (problem.body?.status !== undefined &&
		    problem.body.store !== undefined)
			return problem.body;
		throw problem;
	}
}

export async function metrics() {
	return await (await request('/metrics')).text();
}
