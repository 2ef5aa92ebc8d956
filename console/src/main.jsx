// SPDX-License-Identifier: MIT
// The console: a page for people over the HTTP interface.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { go, useAddress } from './address.js';
import { health } from './api.js';
import { showKey } from './bytes.js';
import { Dialogs } from './dialog.jsx';
import { Item, NewItem } from './item.jsx';
import { Tree } from './tree.jsx';
import { Status } from './status.jsx';
import { Transfer } from './transfer.jsx';
import 'uplot/dist/uPlot.min.css';
import './style.css';

// What the store says of itself, asked every few seconds while the page shows.
function useHealth() {
	const [state, set] = useState(null);
	useEffect(() => {
		let timer;
		const ask = async () => {
			if (!document.hidden)
				set(await health().catch((problem) =>
				    ({ status: 'unreachable', detail: problem.message })));
			timer = setTimeout(ask, 5000);
		};
		ask();
		return () => clearTimeout(timer);
	}, []);
	return state;
}

const words = {
	healthy: 'healthy', 'read-only': 'read-only: the disk is full',
	unhealthy: 'writes are refused', unreachable: 'unreachable',
};

function App() {
	const { view, key } = useAddress();
	const state = useHealth();
	// Changes when keys may have: the tree then reads itself again.
	const [changes, setChanges] = useState(0);
	const changed = () => setChanges((n) => n + 1);
	const keys = view === 'keys' || view === 'key' || view === 'new';

	useEffect(() => {
		document.title = view === 'key' ? `${showKey(key)} – scribekv` :
		    'scribekv';
	}, [view, key]);
	const link = (name, text) =>
	    <a href={`#${name}`} aria-current={view === name ||
	        (name === 'keys' && keys) ? 'page' : undefined}>{text}</a>;

	return <>
		<header class="top">
			<a class="name" href="#keys">scribekv</a>
			<nav aria-label="Views">
				{link('keys', 'Keys')}
				{link('transfer', 'Import and export')}
				{link('status', 'Status')}
			</nav>
			{state && <span class={`state ${state.status}`} role="status">
				{words[state.status] ?? state.status}
			</span>}
		</header>
		<main class={keys ? `keys ${view}` : view}>
			{keys && <Tree selected={view === 'key' ? key : null}
			    changes={changes} onChange={changed} />}
			{view === 'key' && <Item key={`k${key}`} name={key}
			    onChange={changed} />}
			{view === 'new' && <NewItem key={`n${key}`} start={key}
			    onChange={changed} />}
			{view === 'keys' && <div class="hint wide">
				<h1>Keys</h1>
				Choose a key, or press <kbd>n</kbd> for a new one and{' '}
				<kbd>/</kbd> to find one.
			</div>}
			{view === 'transfer' && <Transfer onChange={changed} />}
			{view === 'status' && <Status state={state} />}
		</main>
		<Dialogs />
	</>;
}

// Keys that work wherever no text is being typed.
addEventListener('keydown', (event) => {
	const typing = event.target.closest('input, textarea, select, dialog');
	if (typing || event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (event.key === '/') {
		document.querySelector('#find')?.focus();
		event.preventDefault();
	} else if (event.key === 'n') {
		go('new', '');
		event.preventDefault();
	}
});

render(<App />, document.body);
