// SPDX-License-Identifier: MIT
// JSON texts are checked and laid out without being turned into JavaScript's
// values, which have no integers beyond 2^53 and one way to write a number.

// The tokens of a JSON text. Their grammar is checked by JSON.parse() before.
const token = /\s+|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

// Throws a SyntaxError with a message for people.
export function check(text) {
	JSON.parse(text);
}

// Indented by two spaces; numbers and strings stay as they were written.
export function format(text) {
	check(text);
	const tokens = text.match(token).filter((t) => !/^\s/.test(t));
	let out = '';
	let depth = 0;
	const line = () => '\n' + '  '.repeat(depth);
	tokens.forEach((t, i) => {
		const before = tokens[i - 1];
		if (t === '}' || t === ']') {
			depth--;
			if (before !== '{' && before !== '[')
				out += line();
		} else if (before === '{' || before === '[' || before === ',') {
			out += line();
		}
		out += t === ':' ? ': ' : t;
		if (t === '{' || t === '[')
			depth++;
	});
	return out;
}
