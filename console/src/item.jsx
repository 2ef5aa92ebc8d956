// SPDX-License-Identifier: MIT
// One key: its value, shown in a way that suits it, changed, renewed, deleted.
// Every change is made on the condition that the key is still at the version
// that was read (compare-and-swap), so nobody's work is lost unnoticed.
//
// NB: values come from anybody. They are put into the page as text only, and
// pictures into a frame that is in a sandbox: a document with an origin of its
// own and without script. In it they are images, which load nothing.
import { useEffect, useRef, useState } from 'preact/hooks';
import { go } from './address.js';
import { LARGEST, rawPath, read, remove, write } from './api.js';
import {
	fromArray, fromHex, fromText, parseKey, showKey, showSize, showTime, toHex,
	toText,
} from './bytes.js';
import { ask } from './dialog.jsx';
import { check, format } from './json.js';

const pictures = /^image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon)\b/;
const jsonType = /^application\/(?:[\w.+-]+\+)?json\b/;

// The editors: how bytes become text in them, and the way back, which throws
// an Error if the text is none.
const editors = {
	text: { name: 'Text', show: toText, parse: fromText },
	json: {
		name: 'JSON', show: toText,
		parse: (text) => {
			check(text);
			return fromText(text);
		},
	},
	hex: { name: 'Hex', show: toHex, parse: fromHex },
};

// Which of them can show a value, the best one first.
function choices({ form, type }, bytes) {
	if (form === 'document')
		return ['json'];
	if (toText(bytes) === null)
		return ['hex'];
	if (form === 'text')
		return ['text', 'hex'];
	return jsonType.test(type) ? ['json', 'text', 'hex'] : ['text', 'hex'];
}

const forms = [
	['text', 'Text (JSON envelope)'],
	['document', 'JSON document'],
	['bytes', 'Bytes (JSON envelope)'],
	['raw', 'Bytes with a content type'],
];

// The document shows the picture as large as fits, by attributes only: the
// page's policy, which it has too, lets it have no style of its own.
function Picture({ value }) {
	const [url, set] = useState(null);
	useEffect(() => {
		let made = null, gone = false;
		const reader = new FileReader();
		reader.onload = () => {
			if (gone)
				return;
			made = URL.createObjectURL(new Blob([
				'<!DOCTYPE html><svg width="100%" height="95%">' +
				'<image width="100%" height="100%" href="',
				reader.result, '"/></svg>',
			], { type: 'text/html' }));
			set(made);
		};
		const [type] = pictures.exec(value.type);
		reader.readAsDataURL(new Blob([value.array], { type }));
		return () => {
			gone = true;
			if (made !== null)
				URL.revokeObjectURL(made);
		};
	}, [value]);
	return <figure class="picture">
		{url && <iframe sandbox="" src={url} title="The value, as a picture" />}
	</figure>;
}

// The fields of a value under edit: text in an editor, form, type, ttl.
// bytes() throws an Error for people when they make no value.
function useDraft(initial) {
	const [draft, set] = useState(initial);
	return [draft, (change) => set((old) => ({ ...old, ...change }))];
}

function draftOf(value) {
	const bytes = fromArray(value.array);
	const editor = choices(value, bytes)[0];
	return {
		form: value.form, type: value.type, editor,
		text: editors[editor].show(bytes),
		ttl: value.ttl === null ? '' : String(value.ttl),
	};
}

// What write() takes; throws an Error that says what is wrong.
function valueOf(draft) {
	const ttl = draft.ttl.trim();
	if (ttl !== '' && !/^[1-9][0-9]*$/.test(ttl))
		throw new Error('The time to live is a whole number of seconds.');
	if (draft.form === 'raw' && !/^[!-~][ -~]*$/.test(draft.type))
		throw new Error('The content type is missing or not in ASCII.');
	const data = editors[draft.editor].parse(draft.text);
	if (draft.form === 'text' && toText(data) === null)
		throw new Error('These bytes are no text in UTF-8.');
	return { form: draft.form, type: draft.type, data,
		ttl: ttl === '' ? null : Number(ttl) };
}

function Fields({ draft, change, editorChoices, readOnly, onSave }) {
	const [mistake, setMistake] = useState(null);
	const validate = (next) => {
		try {
			editors[next.editor].parse(next.text);
			setMistake(null);
		} catch (error) {
			setMistake(error.message);
		}
	};
	const edit = (changes) => {
		change(changes);
		validate({ ...draft, ...changes });
	};
	// Carries the bytes over; what is not valid stays where it can be mended.
	const turn = (editor) => {
		try {
			const bytes = editors[draft.editor].parse(draft.text);
			const text = editors[editor].show(bytes);
			if (text === null)
				throw new Error('These bytes are no text in UTF-8.');
			edit({ editor, text });
		} catch (error) {
			setMistake(error.message);
		}
	};
	const layOut = () => {
		try {
			edit({ text: format(draft.text) });
		} catch (error) {
			setMistake(error.message);
		}
	};
	return <>
		<div class="tabs">
			<div role="tablist" aria-label="Show as">
				{editorChoices.map((name) => <button role="tab"
				    aria-selected={draft.editor === name}
				    onClick={() => draft.editor !== name && turn(name)}>
					{editors[name].name}</button>)}
			</div>
			{draft.editor === 'json' && !readOnly &&
			    <button class="end" onClick={layOut}>Format</button>}
		</div>
		<textarea class="value" spellcheck={false} value={draft.text}
		    aria-label="Value" aria-invalid={mistake !== null}
		    readOnly={readOnly} autocapitalize="off"
		    onInput={(event) => edit({ text: event.target.value })}
		    onKeyDown={(event) => {
			if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
				event.preventDefault();
				onSave?.();
			}
		    }} />
		{mistake && <p class="problem" role="alert">{mistake}</p>}
	</>;
}

function TypeField({ draft, change }) {
	return <label>Content type
		<input value={draft.type} list="types" spellcheck={false}
		    onInput={(event) => change({ type: event.target.value })} />
		<datalist id="types">
			{['text/plain; charset=utf-8', 'application/json',
			    'application/octet-stream', 'text/html', 'text/csv']
			    .map((type) => <option value={type} />)}
		</datalist>
	</label>;
}

function TtlField({ draft, change }) {
	const seconds = Number(draft.ttl);
	return <label>Expires in (seconds; empty: never)
		<input inputMode="numeric" value={draft.ttl}
		    onInput={(event) => change({ ttl: event.target.value })} />
		{seconds > 0 && <span class="detail">{showTime(seconds)}</span>}
	</label>;
}

// ------------------------------------------------------------- an old key --

export function Item({ name, onChange }) {
	const [value, setValue] = useState(null);
	const [problem, setProblem] = useState(null);
	const load = async () => {
		setProblem(null);
		try {
			setValue(await read(name));
		} catch (error) {
			setValue(null);
			setProblem(error);
		}
	};
	useEffect(() => void load(), [name]);

	return <section class="item" aria-label={`Key ${showKey(name)}`}>
		<h1><a class="back" href="#keys" aria-label="Back to the keys">‹</a>
			<bdi>{showKey(name)}</bdi></h1>
		{problem?.status === 404 && <>
			<p>There is no such key.</p>
			<div class="buttons"><button class="primary"
			    onClick={() => go('new', name)}>Create it</button></div>
		</>}
		{problem && problem.status !== 404 &&
		    <p class="problem" role="alert">{problem.message}{' '}
			<button onClick={load}>Try again</button></p>}
		{value && <Value key={value.etag} name={name} value={value}
		    onReload={load} onChange={onChange} />}
	</section>;
}

function Value({ name, value, onReload, onChange }) {
	const [draft, change] = useDraft(() => draftOf(value));
	const [notice, setNotice] = useState(null);
	const original = useRef(draft);
	const changed = draft !== original.current;
	const say = (text, bad) => setNotice({ text, bad });

	// Answers what to do when somebody else was faster: true is to go on.
	const conflict = async (what) => {
		const answer = await ask({
			title: 'Somebody else changed this key',
			text: [`It was changed or deleted after you opened it, so it was not ${what}.`,
				'Look at the new version first, or go ahead anyway.'],
			answers: [
				{ value: 'force', text: what === 'saved' ?
				    'Overwrite it' : 'Delete it', danger: true },
				{ value: 'load', text: 'Show the new version' },
			],
		});
		if (answer === 'load')
			onReload();
		return answer === 'force';
	};
	const attempt = async (what, act) => {
		try {
			await act(value.etag);
		} catch (error) {
			if (error.status !== 412) {
				say(`Not ${what}: ${error.message}`, true);
				return false;
			}
			if (!await conflict(what)) {
				say(`Not ${what}: somebody else was faster.`, true);
				return false;
			}
			try {
				await act(undefined);
			} catch (again) {
				say(`Not ${what}: ${again.message}`, true);
				return false;
			}
		}
		return true;
	};
	const save = async () => {
		let next;
		try {
			next = valueOf(draft);
		} catch (error) {
			say(`Not saved: ${error.message}`, true);
			return;
		}
		if (await attempt('saved', (etag) => write(name, next, etag))) {
			onChange();
			onReload();
		}
	};
	const erase = async () => {
		const answer = await ask({
			title: 'Delete this key?',
			text: showKey(name),
			answers: [{ value: true, text: 'Delete', danger: true }],
		});
		if (answer && await attempt('deleted',
		    (etag) => remove(name, etag))) {
			onChange();
			go('keys');
		}
	};

	const picture = value.form === 'raw' && !value.partial &&
	    pictures.test(value.type);
	return <>
		<dl class="facts">
			<dt>Size</dt><dd>{showSize(value.size)}</dd>
			<dt>Type</dt><dd>{value.form === 'raw' ? value.type :
			    value.cbor ? 'CBOR document' :
			    forms.find(([form]) => form === value.form)[1]}</dd>
			<dt>Revision</dt><dd>{value.revision}</dd>
			<dt>Expires</dt><dd>{value.ttl === null ? 'never' :
			    `in ${showTime(value.ttl)}`}</dd>
		</dl>
		{picture && <Picture value={value} />}
		{value.partial && <p class="hint">Values over{' '}
			{showSize(LARGEST)} are not edited here. This is the
			beginning.</p>}
		{value.cbor && <p class="hint">This is a CBOR document, shown as
			JSON. Saving stores it as JSON.</p>}
		<Fields draft={draft} change={change} readOnly={value.partial}
		    editorChoices={value.partial ? [draft.editor] :
		        choices(value, fromArray(value.array))}
		    onSave={save} />
		{!value.partial && <div class="fields">
			{draft.form === 'raw' &&
			    <TypeField draft={draft} change={change} />}
			<TtlField draft={draft} change={change} />
		</div>}
		{notice && <p class={notice.bad ? 'problem' : 'notice'}
		    role="alert">{notice.text}</p>}
		<div class="buttons">
			{!value.partial && <button class="primary"
			    disabled={!changed} onClick={save}>Save</button>}
			<button onClick={() => {
				onReload();
				onChange();
			}}>
				{changed ? 'Discard changes' : 'Read again'}</button>
			<a class="button" href={rawPath(name)}
			    download={showKey(name).replace(/[\\/]/g, '_')}>
				Download</a>
			<button class="danger" onClick={erase}>Delete</button>
		</div>
	</>;
}

// -------------------------------------------------------------- a new key --

const editorOf = { text: 'text', document: 'json', bytes: 'hex', raw: 'text' };

export function NewItem({ start, onChange }) {
	const [name, setName] = useState(showKey(start));
	const [draft, change] = useDraft({ form: 'text', editor: 'text',
		type: 'text/plain; charset=utf-8', text: '', ttl: '' });
	const [problem, setProblem] = useState(null);
	const input = useRef(null);
	useEffect(() => input.current.focus(), []);

	const fromFile = async (file) => {
		if (file === undefined)
			return;
		if (file.size > LARGEST) {
			setProblem(`Here a file may have ${showSize(LARGEST)}; use the program scribekv, or curl, for larger ones.`);
			return;
		}
		const bytes = fromArray(new Uint8Array(await file.arrayBuffer()));
		const editor = toText(bytes) === null ? 'hex' : 'text';
		change({ form: 'raw', editor, text: editors[editor].show(bytes),
			type: file.type || 'application/octet-stream' });
	};
	const create = async () => {
		try {
			const key = parseKey(name);
			if (key === '' || key.length > 1024)
				throw new Error('A key has 1 to 1024 bytes.');
			await write(key, valueOf(draft), null);
			onChange();
			go('key', key);
		} catch (error) {
			setProblem(error.status === 412 ?
			    'There is such a key already. Nothing was changed.' :
			    error.message);
		}
	};

	return <section class="item" aria-label="New key">
		<h1><a class="back" href="#keys" aria-label="Back to the keys">‹</a>
			New key</h1>
		<div class="fields">
			<label class="wide">Key
				<input ref={input} value={name} spellcheck={false}
				    autocapitalize="off" autocomplete="off"
				    onInput={(event) => setName(event.target.value)} />
			</label>
			<label>Kind
				<select value={draft.form} onChange={(event) => change({
					form: event.target.value,
					editor: editorOf[event.target.value],
				    })}>
					{forms.map(([form, text]) =>
					    <option value={form}>{text}</option>)}
				</select>
			</label>
			{draft.form === 'raw' &&
			    <TypeField draft={draft} change={change} />}
			<TtlField draft={draft} change={change} />
			<label>From a file
				<input type="file" onChange={(event) =>
				    fromFile(event.target.files[0])} />
			</label>
		</div>
		<Fields draft={draft} change={change} onSave={create}
		    editorChoices={draft.form === 'raw' ? ['text', 'hex'] :
		        [editorOf[draft.form]]} />
		{problem && <p class="problem" role="alert">{problem}</p>}
		<div class="buttons">
			<button class="primary" onClick={create}>Create</button>
		</div>
	</section>;
}
