// SPDX-License-Identifier: MIT
// Export to a file and import from one, in lines of JSON, with progress. A
// file is read and sent in pieces that end with a line, so its size does not
// matter; an export goes to the disk as it comes where the browser can do so.
import { useRef, useState } from 'preact/hooks';
import { count, exportRange, importLines } from './api.js';
import { parseKey, showSize } from './bytes.js';

const PIECE = 4 << 20;
const NEWLINE = 10;

// A place for an export: { write(bytes), close(), abort() }.
async function openFile(name) {
	if (window.showSaveFilePicker !== undefined && navigator.webdriver !== true) {
		const handle = await window.showSaveFilePicker({
			suggestedName: name,
		});
		return await handle.createWritable();
	}
	const parts = [];
	return {
		write: (bytes) => void parts.push(bytes),
		abort: () => void (parts.length = 0),
		close() {
			const link = document.createElement('a');
			link.href = URL.createObjectURL(
			    new Blob(parts, { type: 'application/x-ndjson' }));
			link.download = name;
			link.click();
			setTimeout(() => URL.revokeObjectURL(link.href), 60000);
		},
	};
}

function countLines(bytes) {
	let n = 0;
	for (const byte of bytes)
		n += byte === NEWLINE;
	return n;
}

// progress({ keys, total, bytes }) is called now and then.
async function exportTo(file, prefix, signal, progress) {
	// The count is only for the bar; it may take longer than is worth it.
	const total = await count(prefix, AbortSignal.any(
	    [signal, AbortSignal.timeout(3000)])).catch(() => null);
	signal.throwIfAborted();
	const response = await exportRange(prefix, signal);
	let keys = 0;
	let bytes = 0;
	for (const reader = response.body.getReader();;) {
		const { value, done } = await reader.read();
		if (done)
			return { keys, bytes };
		await file.write(value);
		keys += countLines(value);
		bytes += value.length;
		progress({ part: total ? keys / total : null,
			text: `${keys} keys, ${showSize(bytes)}` });
	}
}

// Sends a file in pieces; a Problem says how far it came.
async function importFrom(file, signal, progress) {
	let rest = new Uint8Array(0);
	let lines = 0;
	let keys = 0;
	for (let at = 0; at < file.size || rest.length > 0;) {
		const next = new Uint8Array(
		    await file.slice(at, at + PIECE).arrayBuffer());
		at += next.length;
		const all = new Uint8Array(rest.length + next.length);
		all.set(rest);
		all.set(next, rest.length);
		let end = all.lastIndexOf(NEWLINE) + 1;
		if (at >= file.size)
			end = all.length;
		rest = all.slice(end);
		if (end === 0)
			continue;
		try {
			keys += await importLines(all.subarray(0, end), signal);
		} catch (problem) {
			if (problem.body !== undefined) {
				problem.line = lines + (problem.body.line ?? 0);
				problem.keys = keys + (problem.body.applied ?? 0);
			}
			throw problem;
		}
		lines += countLines(all.subarray(0, end));
		progress({ part: at / file.size,
			text: `${keys} keys, ${showSize(at)} of ${showSize(file.size)}` });
	}
	return { keys };
}

// A job that runs once at a time, is shown, and can be stopped.
function useJob() {
	const [job, set] = useState(null);
	const abort = useRef(null);
	const run = async (work) => {
		abort.current = new AbortController();
		set({ part: 0, text: 'Beginning…', running: true });
		try {
			const text = await work(abort.current.signal,
			    (progress) => set({ ...progress, running: true }));
			set({ part: 1, text });
		} catch (error) {
			set(error.name === 'AbortError' ?
			    { part: 0, text: 'Stopped.' } :
			    { part: 0, text: error.message, bad: true });
		}
	};
	return [job, run, () => abort.current?.abort()];
}

function Job({ job, onStop, label }) {
	if (job === null)
		return null;
	return <>
		{job.running && <div class="job">
			<progress aria-label={label}
			    value={job.part ?? undefined} max={1} />
			<button onClick={onStop}>Stop</button>
		</div>}
		<p class={job.bad ? 'problem' : 'notice'} role="status">{job.text}</p>
	</>;
}

export function Transfer({ onChange }) {
	const [prefix, setPrefix] = useState('');
	const [exporting, runExport, stopExport] = useJob();
	const [importing, runImport, stopImport] = useJob();
	const input = useRef(null);

	const doExport = () => runExport(async (signal, progress) => {
		const key = parseKey(prefix);
		const file = await openFile('scribekv.ndjson');
		try {
			const { keys, bytes } =
			    await exportTo(file, key, signal, progress);
			await file.close();
			return `${keys} keys exported, ${showSize(bytes)}.`;
		} catch (error) {
			await file.abort();
			throw error;
		}
	});
	const doImport = () => runImport(async (signal, progress) => {
		const file = input.current.files[0];
		if (file === undefined)
			throw new Error('Choose a file first.');
		try {
			const { keys } = await importFrom(file, signal, progress);
			return `${keys} keys imported.`;
		} catch (problem) {
			if (problem.line)
				problem.message = `Line ${problem.line}: ${problem.message}. ${problem.keys} keys before it were imported.`;
			throw problem;
		} finally {
			onChange();
		}
	});

	return <section class="transfer">
		<h1>Export</h1>
		<p>One line of JSON a key, all as they are at one moment.</p>
		<div class="fields">
			<label>Only keys that begin with (empty: all)
				<input value={prefix} spellcheck={false}
				    autocapitalize="off"
				    onInput={(event) => setPrefix(event.target.value)} />
			</label>
		</div>
		<div class="buttons"><button class="primary" onClick={doExport}
		    disabled={exporting?.running}>Export</button></div>
		<Job job={exporting} onStop={stopExport} label="Export" />

		<h1>Import</h1>
		<p>Puts the keys of an export, in the order of its lines. Keys that
			are there already get the file's value.</p>
		<div class="fields">
			<label>File
				<input type="file" ref={input}
				    accept=".ndjson,.jsonl,.json,.txt" />
			</label>
		</div>
		<div class="buttons"><button class="primary" onClick={doImport}
		    disabled={importing?.running}>Import</button></div>
		<Job job={importing} onStop={stopImport} label="Import" />
	</section>;
}
