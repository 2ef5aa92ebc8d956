// SPDX-License-Identifier: MIT
// Questions, in the browser's own dialog element, which keeps the focus inside
// and is closed by Escape. ask() resolves to the answer that was chosen, or to
// null.
import { useEffect, useRef, useState } from 'preact/hooks';

let show = null;

// answers: [{ value, text, danger }], the last one is the usual one.
export function ask(question) {
	return new Promise((resolve) => show({ ...question, resolve }));
}

export function Dialogs() {
	const [question, set] = useState(null);
	const [typed, setTyped] = useState('');
	const element = useRef(null);
	show = (next) => {
		setTyped('');
		set(next);
	};
	useEffect(() => {
		if (question !== null)
			element.current.showModal();
	}, [question]);
	if (question === null)
		return null;
	const answer = (value) => {
		question.resolve(value);
		set(null);
	};
	const { title, text, type, answers } = question;
	return <dialog ref={element} aria-labelledby="question"
	    onCancel={() => answer(null)}>
		<h2 id="question">{title}</h2>
		{[].concat(text).map((line) => <p>{line}</p>)}
		{type !== undefined && <label>
			Type <b>{type}</b> to go on
			<input value={typed} autocomplete="off"
			    onInput={(event) => setTyped(event.target.value)} />
		</label>}
		<div class="buttons">
			<button onClick={() => answer(null)}>Cancel</button>
			{answers.map(({ value, text: label, danger }) =>
			    <button class={danger ? 'danger' : 'primary'}
			        disabled={type !== undefined && typed !== type}
			        onClick={() => answer(value)}>{label}</button>)}
		</div>
	</dialog>;
}
