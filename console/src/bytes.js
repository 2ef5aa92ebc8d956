// SPDX-License-Identifier: MIT
// Bytes as JavaScript has them: a "byte string" is a string whose characters
// are all below 256, one a byte. Keys are kept in that form, because they may
// be any bytes, and strings compare, hash and slice as needed.

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function fromArray(array) {
	let text = '';
	for (let i = 0; i < array.length; i += 8192)
		text += String.fromCharCode(...array.subarray(i, i + 8192));
	return text;
}

export function toArray(bytes) {
	const array = new Uint8Array(bytes.length);
	for (let i = 0; i < bytes.length; i++)
		array[i] = bytes.charCodeAt(i);
	return array;
}

export const fromText = (text) => fromArray(encoder.encode(text));
export const fromBase64 = (text) => atob(text);
export const toBase64 = (bytes) => btoa(bytes);

// The text that bytes are in UTF-8; null if they are not.
export function toText(bytes) {
	try {
		return strict.decode(
		    typeof bytes === 'string' ? toArray(bytes) : bytes);
	} catch {
		return null;
	}
}

// Percent-encoded whole: stands in any part of a URL (RFC 3986).
export function toQuery(bytes) {
	let out = '';
	for (let i = 0; i < bytes.length; i++) {
		const c = bytes[i];
		out += /[A-Za-z0-9._~-]/.test(c) ? c : '%' +
		    bytes.charCodeAt(i).toString(16).toUpperCase().padStart(2, '0');
	}
	return out;
}

export function fromQuery(text) {
	return text.replace(/%([0-9A-Fa-f]{2})/g,
	    (all, hex) => String.fromCharCode(parseInt(hex, 16)));
}

// A key as people read and type it. What has no shape on a screen, and what
// would change the direction of the text around it, is \xNN by its bytes; so
// is the backslash itself, doubled. parseKey() is the way back.
const unseen = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;
const hexByte = (c) => '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0');

export function showKey(bytes) {
	const text = toText(bytes);
	if (text === null)
		return bytes.replace(/[^\x21-\x7e]|\\/g,
		    (c) => c === '\\' ? '\\\\' : c === ' ' ? ' ' : hexByte(c));
	let out = '';
	for (const c of text) {
		if (c === '\\')
			out += '\\\\';
		else if (unseen.test(c))
			out += fromText(c).replace(/[^]/g, hexByte);
		else
			out += c;
	}
	return out;
}

// Throws an Error that says what is wrong.
export function parseKey(text) {
	let out = '';
	for (let i = 0; i < text.length;) {
		if (text[i] !== '\\') {
			const c = String.fromCodePoint(text.codePointAt(i));
			out += fromText(c);
			i += c.length;
		} else if (text[i + 1] === '\\') {
			out += '\\';
			i += 2;
		} else {
			const m = /^\\x([0-9A-Fa-f]{2})/.exec(text.slice(i));
			if (m === null)
				throw new Error(
				    'A backslash is written \\\\, and a byte \\x and two hexadecimal digits.');
			out += String.fromCharCode(parseInt(m[1], 16));
			i += 4;
		}
	}
	return out;
}

// ------------------------------------------------------------------- hex --

// Sixteen bytes a line, as hexdump -C prints them, without the offsets, which
// would be in the way of editing.
export function toHex(bytes) {
	let out = '';
	for (let i = 0; i < bytes.length; i++)
		out += bytes.charCodeAt(i).toString(16).padStart(2, '0') +
		    (i % 16 === 15 ? '\n' : ' ');
	return out.trimEnd();
}

export function fromHex(text) {
	const digits = text.replace(/\s+/g, '');
	const bad = /[^0-9A-Fa-f]/.exec(digits);
	if (bad !== null)
		throw new Error(`“${bad[0]}” is not a hexadecimal digit.`);
	if (digits.length % 2 !== 0)
		throw new Error('The last byte has one digit only.');
	return digits.replace(/../g,
	    (hex) => String.fromCharCode(parseInt(hex, 16)));
}

export function showSize(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (n >= 1024 && i < units.length - 1) {
		n /= 1024;
		i++;
	}
	return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

export function showTime(seconds) {
	const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
	const parts = [];
	for (const [name, length] of units) {
		if (seconds >= length && parts.length < 2) {
			parts.push(`${Math.floor(seconds / length)} ${name}`);
			seconds %= length;
		}
	}
	return parts.join(' ') || '0 s';
}
