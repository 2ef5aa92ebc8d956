// SPDX-License-Identifier: MIT
// What is shown is in the address: #keys, #key=..., #new=..., #transfer,
// #status; so the browser's back button, bookmarks and links do what they
// should.
import { useLayoutEffect, useState } from 'preact/hooks';
import { fromQuery, toQuery } from './bytes.js';

function parse(hash) {
	const [view, rest] = hash.replace(/^#/, '').split(/=(.*)/s);
	return { view: view || 'keys', key: fromQuery(rest ?? '') };
}

export function go(view, key) {
	location.hash = key === undefined ? view : `${view}=${toQuery(key)}`;
}

export function useAddress() {
	const [address, set] = useState(parse(location.hash));
	// At once: a key may be pressed before the first picture is drawn.
	useLayoutEffect(() => {
		const changed = () => set(parse(location.hash));
		addEventListener('hashchange', changed);
		return () => removeEventListener('hashchange', changed);
	}, []);
	return address;
}
