// SPDX-License-Identifier: MIT
// The keys as a tree: a delimiter makes folders of them, as a list with that
// parameter groups them. Each folder is read when it is opened, a page at a
// time, the next when its end comes into view. Only the rows in view are in
// the document, so a folder may have any number.
//
// Roles and keys are those of the ARIA pattern for trees.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { go } from './address.js';
import { list, removeRange } from './api.js';
import { parseKey, showKey, showSize, showTime } from './bytes.js';
import { ask } from './dialog.jsx';

const HEIGHT = 32; // of a row, in pixels; as in style.css

// Folders that were read, by their prefix: { rows, cursor, open, busy,
// problem }. Kept outside the component, so that it outlives it.
function useFolders(delimiter, root, changes) {
	const [folders, set] = useState(new Map());
	const latest = useRef(folders);
	const generation = useRef(0);
	const put = (prefix, change) => {
		const next = new Map(latest.current);
		next.set(prefix, { rows: [], cursor: null, open: true,
			...next.get(prefix), ...change });
		latest.current = next;
		set(next);
	};

	const load = async (prefix, cursor = null) => {
		const mine = generation.current;
		put(prefix, { busy: true, problem: null, open: true });
		try {
			const page = await list(prefix, delimiter, cursor);
			if (mine !== generation.current)
				return;
			const before = cursor === null ? [] :
			    latest.current.get(prefix).rows;
			put(prefix, { rows: [...before, ...page.rows],
				cursor: page.cursor, busy: false });
		} catch (problem) {
			if (mine === generation.current)
				put(prefix, { busy: false, problem });
		}
	};

	// Another tree, or the same one after a change: what was open is read
	// again, and shown as it was until then.
	const kind = `${delimiter}\n${root}`;
	const shown = useRef(kind);
	useEffect(() => {
		generation.current++;
		const again = shown.current === kind ? [...latest.current]
		    .filter(([, folder]) => folder.open).map(([prefix]) => prefix)
		    : [];
		if (shown.current !== kind) {
			latest.current = new Map();
			shown.current = kind;
		}
		for (const prefix of new Set([root, ...again]))
			load(prefix);
	}, [kind, changes]);

	return {
		folders,
		more: (prefix) => {
			const folder = latest.current.get(prefix);
			if (!folder.busy)
				load(prefix, folder.cursor);
		},
		toggle: (prefix, open) => {
			if (open && !latest.current.has(prefix))
				load(prefix);
			else
				put(prefix, { open });
		},
	};
}

// The tree as the list of rows that it shows.
function flatten(folders, prefix, depth, out) {
	const folder = folders.get(prefix);
	if (folder === undefined)
		return out;
	folder.rows.forEach((row, i) => {
		const open = row.folder && (folders.get(row.key)?.open ?? false);
		out.push({ ...row, open, depth, parent: prefix,
			position: i + 1,
			name: showKey(row.key.slice(prefix.length)) });
		if (open)
			flatten(folders, row.key, depth + 1, out);
	});
	if (folder.problem || folder.cursor !== null || folder.busy)
		out.push({ more: prefix, depth, key: `${prefix}\nmore`,
			problem: folder.problem });
	return out;
}

export function Tree({ selected, changes, onChange }) {
	const [find, setFind] = useState('');
	const [delimiter, setDelimiter] = useState('/');
	const [mistake, setMistake] = useState(null);
	const [root, setRoot] = useState('');
	const [focus, setFocus] = useState(null);
	const [scroll, setScroll] = useState({ top: 0, height: 600 });
	const box = useRef(null);
	const { folders, more, toggle } = useFolders(delimiter, root, changes);
	const rows = useMemo(() => flatten(folders, root, 0, []),
	    [folders, root]);

	useEffect(() => {
		try {
			const key = parseKey(find);
			setMistake(null);
			// While somebody types, not every letter is a request.
			const timer = setTimeout(() => setRoot(key), 200);
			return () => clearTimeout(timer);
		} catch (error) {
			setMistake(error.message);
		}
	}, [find]);
	useEffect(() => {
		const element = box.current;
		const observer = new ResizeObserver(() => setScroll({
			top: element.scrollTop, height: element.clientHeight }));
		observer.observe(element);
		return () => observer.disconnect();
	}, []);

	useEffect(() => setFocus(selected), [selected]);

	const first = Math.max(0, Math.floor(scroll.top / HEIGHT) - 8);
	const last = Math.ceil((scroll.top + scroll.height) / HEIGHT) + 8;
	const visible = rows.slice(first, last);
	useEffect(() => {
		for (const row of visible)
			if ('more' in row && !row.problem)
				more(row.more);
	});

	const at = rows.findIndex((row) => row.key === focus);
	const move = (i) => {
		const row = rows[Math.max(0, Math.min(rows.length - 1, i))];
		if (row === undefined)
			return;
		setFocus(row.key);
		const y = rows.indexOf(row) * HEIGHT;
		if (y < box.current.scrollTop)
			box.current.scrollTop = y;
		else if (y + HEIGHT > box.current.scrollTop + scroll.height)
			box.current.scrollTop = y + HEIGHT - scroll.height;
	};
	const enter = (row) => {
		if ('more' in row)
			more(row.more);
		else if (row.folder)
			toggle(row.key, !row.open);
		else
			go('key', row.key);
	};
	const keys = {
		ArrowDown: () => move(at + 1),
		ArrowUp: () => move(at < 0 ? 0 : at - 1),
		Home: () => move(0),
		End: () => move(rows.length - 1),
		PageDown: () => move(at + Math.floor(scroll.height / HEIGHT)),
		PageUp: () => move(at - Math.floor(scroll.height / HEIGHT)),
		Enter: (row) => row && enter(row),
		' ': (row) => row && enter(row),
		ArrowRight: (row) => row?.folder &&
		    (row.open ? move(at + 1) : toggle(row.key, true)),
		ArrowLeft: (row) => row?.open ? toggle(row.key, false) :
		    row && move(rows.findIndex((r) => r.key === row.parent)),
		Delete: (row) => row?.folder && removeFolder(row.key),
	};
	const onKey = (event) => {
		const act = keys[event.key];
		if (act === undefined || event.ctrlKey || event.metaKey)
			return;
		act(rows[at]);
		event.preventDefault();
	};

	const removeFolder = async (prefix) => {
		const name = showKey(prefix);
		const answer = await ask({
			title: 'Delete all keys with this prefix?',
			text: [`Every key that begins with “${name}” will be deleted. This cannot be undone.`],
			type: name,
			answers: [{ value: true, text: 'Delete all', danger: true }],
		});
		if (!answer)
			return;
		try {
			await removeRange(prefix);
		} catch (problem) {
			await ask({ title: 'Not all was deleted',
				text: problem.message,
				answers: [{ value: true, text: 'OK' }] });
		}
		onChange();
	};

	const empty = rows.length === 0 && folders.get(root)?.busy === false;
	return <section class="tree" aria-label="Keys">
		<div class="tools">
			<input id="find" type="search" value={find}
			    placeholder="Find by prefix" aria-label="Find by prefix"
			    autocapitalize="off" autocomplete="off" spellcheck={false}
			    aria-invalid={mistake !== null}
			    onInput={(event) => setFind(event.target.value)}
			    onKeyDown={(event) => {
				if (event.key === 'ArrowDown') {
					box.current.focus();
					move(0);
				} else if (event.key === 'Enter' && mistake === null &&
				    find !== '')
					go('key', parseKey(find));
			    }} />
			<label class="delimiter" title="What makes folders of keys; empty: none">
				<span>Delimiter</span>
				<input value={delimiter} maxLength={16}
				    onInput={(event) => setDelimiter(event.target.value)} />
			</label>
			<button onClick={() => go('new', root)}>New key</button>
		</div>
		{mistake && <p class="problem" role="alert">{mistake}</p>}
		<div class="rows" role="tree" tabIndex={0} ref={box}
		    aria-label="Keys" onKeyDown={onKey}
		    aria-activedescendant={at >= first && at < last ?
		        `row${at}` : undefined}
		    onScroll={(event) => setScroll({
			top: event.target.scrollTop,
			height: event.target.clientHeight,
		    })}>
			<svg class="extent" width="1" height={rows.length * HEIGHT}
			    aria-hidden="true"></svg>
			{visible.map((row, i) => <Row key={`r${row.key}`} row={row}
			    index={first + i} current={first + i === at}
			    selected={row.key === selected}
			    onEnter={() => {
				setFocus(row.key);
				enter(row);
			    }}
			    onRemove={() => removeFolder(row.key)} />)}
			{empty && <p class="hint">{root === '' ?
			    'There are no keys yet.' :
			    'No key begins with that.'}</p>}
		</div>
	</section>;
}

function Row({ row, index, current, selected, onEnter, onRemove }) {
	const style = { top: `${index * HEIGHT}px`,
		paddingInlineStart: `${8 + row.depth * 16}px` };
	if ('more' in row)
		return <div class="row more" id={`row${index}`} role="treeitem"
		    aria-level={row.depth + 1} style={style} onClick={onEnter}>
			{row.problem ? `${row.problem.message} Try again.` : 'Loading…'}
		</div>;
	return <div id={`row${index}`} role="treeitem" style={style}
	    class={`row${current ? ' current' : ''}${selected ? ' selected' : ''}`}
	    aria-level={row.depth + 1} aria-posinset={row.position}
	    aria-selected={selected} title={showKey(row.key)}
	    aria-expanded={row.folder ? row.open : undefined}
	    onClick={onEnter}>
		<span class={row.folder ? 'folder' : 'file'} aria-hidden="true" />
		<bdi class="label">{row.name || '(empty)'}</bdi>
		{row.folder ? <button class="small" tabIndex={-1}
		    title="Delete all keys with this prefix"
		    aria-label={`Delete all keys that begin with ${showKey(row.key)}`}
		    onClick={(event) => {
			event.stopPropagation();
			onRemove();
		    }}>Delete</button> :
		    <span class="detail">{row.ttl !== undefined &&
			`${showTime(row.ttl)} · `}{showSize(row.size)}</span>}
	</div>;
}
