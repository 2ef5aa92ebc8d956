// SPDX-License-Identifier: MIT
// Health, and live charts from /metrics, of the time that the page is open.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { count, metrics } from './api.js';
import { showSize, showTime } from './bytes.js';
import { digest, parse, quantile } from './metrics.js';

const INTERVAL = 2; // seconds between samples
const KEPT = 450;   // samples: a quarter of an hour

const number = (n) => n === null || n === undefined ? '–' :
    n >= 1e6 ? `${(n / 1e6).toFixed(1)} M` : n >= 1e4 ?
    `${(n / 1e3).toFixed(1)} k` : n >= 100 || Number.isInteger(n) ?
    String(Math.round(n)) : n.toPrecision(3);
const milliseconds = (s) => s === null ? '–' : s === 0 ? '0' : s < 0.001 ?
    `${Math.round(s * 1e6)} µs` : `${number(s * 1e3)} ms`;

// The charts: a title, and their lines, each from the samples before and now.
const charts = [
	{
		title: 'Requests per second', show: number, lines: [
			['requests', (a, b) => (b.requests - a.requests) /
			    (b.time - a.time)],
			['failed (5xx)', (a, b) => (b.errors - a.errors) /
			    (b.time - a.time)],
		],
	}, {
		title: 'Latency in the daemon', show: milliseconds, lines: [
			['median', (a, b) => quantile(a, b, 0.5)],
			['99 %', (a, b) => quantile(a, b, 0.99)],
		],
	}, {
		title: 'Keys', show: number, lines: [
			['keys', (a, b) => b.keys],
		],
	}, {
		title: 'Age of the oldest unsynced write', show: milliseconds,
		lines: [['age', (a, b) => b.unsynced_seconds ?? null]],
	},
];

// Keys are counted by reading them all: seldom, and not when it takes long.
function useKeys() {
	const keys = useRef(null);
	useEffect(() => {
		let timer;
		const abort = new AbortController();
		const ask = async () => {
			const begin = performance.now();
			try {
				keys.current = await count('', AbortSignal.any(
				    [abort.signal, AbortSignal.timeout(5000)]));
			} catch {
				keys.current = null;
			}
			const took = performance.now() - begin;
			if (!abort.signal.aborted)
				timer = setTimeout(ask, Math.max(5000, 100 * took));
		};
		ask();
		return () => {
			abort.abort();
			clearTimeout(timer);
		};
	}, []);
	return keys;
}

function useSamples() {
	const keys = useKeys();
	const [state, set] = useState({ samples: [], problem: null });
	useEffect(() => {
		let timer;
		let stopped = false;
		const ask = async () => {
			const got = await metrics().then(
			    (text) => ({ ...digest(parse(text)), keys: keys.current,
				time: Date.now() / 1000 }),
			    (problem) => problem);
			if (stopped)
				return;
			set(({ samples }) => got instanceof Error ?
			    { samples, problem: got } :
			    { samples: [...samples, got].slice(-KEPT), problem: null });
			timer = setTimeout(ask, INTERVAL * 1000);
		};
		ask();
		return () => {
			stopped = true;
			clearTimeout(timer);
		};
	}, []);
	return state;
}

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([],
    { hour12: false });
const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name);

function Chart({ chart, samples }) {
	const box = useRef(null);
	const plot = useRef(null);
	const data = [samples.slice(1).map((s) => s.time), ...chart.lines.map(
	    ([, value]) => samples.slice(1).map((s, i) => value(samples[i], s)))];

	useEffect(() => {
		const axis = { stroke: colour('--faint'),
			grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
		plot.current = new uPlot({
			width: box.current.clientWidth, height: 180,
			legend: { show: false }, cursor: { show: false },
			scales: { y: { range: (u, low, high) =>
			    [0, high > 0 ? high * 1.1 : 1] } },
			axes: [{ ...axis, values: (u, ticks) => ticks.map(clock) },
				{ ...axis, size: 64,
					values: (u, ticks) => ticks.map(chart.show) }],
			series: [{}, ...chart.lines.map(([label], i) => ({ label,
				stroke: colour(`--series${i}`), width: 2, spanGaps: true,
				points: { show: false } }))],
		}, data, box.current);
		const element = box.current;
		const observer = new ResizeObserver(() => plot.current.setSize(
		    { width: element.clientWidth, height: 180 }));
		observer.observe(element);
		return () => {
			observer.disconnect();
			plot.current.destroy();
		};
	}, []);
	useEffect(() => plot.current.setData(data), [samples]);

	return <figure class="chart">
		<figcaption>{chart.title}
			{chart.lines.map(([label], i) => <span class={`series${i}`}>
				{label} {chart.show(data[i + 1].at(-1) ?? null)}
			</span>)}
		</figcaption>
		<div ref={box} aria-hidden="true" />
	</figure>;
}

export function Status({ state }) {
	const { samples, problem } = useSamples();
	const now = samples.at(-1);
	const store = state?.store;
	return <section class="status">
		<h1>Status</h1>
		{state && <dl class="facts">
			<dt>Service</dt><dd>{state.status}{state.version &&
			    `, version ${state.version}`}</dd>
			{state.detail && <><dt>Why</dt><dd>{state.detail}</dd></>}
			{state.uptime_seconds !== undefined && <>
				<dt>Running for</dt>
				<dd>{showTime(state.uptime_seconds)}</dd></>}
			{store && <>
				<dt>Engine</dt><dd>{store.engine}</dd>
				<dt>Revision</dt><dd>{store.revision}</dd></>}
			{now && <>
				<dt>Connections</dt><dd>{now.connections}</dd>
				<dt>Waiting writes</dt><dd>{now.queued_transactions}</dd></>}
			{now?.leveldb_memory_bytes !== undefined && <>
				<dt>Cache and buffers</dt>
				<dd>{showSize(now.leveldb_memory_bytes)}</dd></>}
		</dl>}
		{problem?.status === 403 ? <p class="hint">nginx gives the metrics to
			local addresses only (see the location /metrics in
			scribekv-server.conf), so there are no charts here.</p> :
		    problem && <p class="problem" role="alert">{problem.message}</p>}
		<div class="charts">
			{charts.map((chart) => <Chart key={chart.title} chart={chart}
			    samples={samples} />)}
		</div>
	</section>;
}
