// SPDX-License-Identifier: MIT
// The text format of Prometheus, read as far as the charts need it.

// One line each: name, labels (as text), value.
const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;

export function parse(text) {
	const samples = [];
	for (const line of text.split('\n')) {
		const m = line[0] === '#' ? null : sample.exec(line);
		if (m !== null)
			samples.push({ name: m[1], labels: m[2] ?? '',
				value: Number(m[3]) });
	}
	return samples;
}

const label = (labels, name) =>
    new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];

// What a moment's samples come to: gauges, and of the requests the counts of
// the histogram's buckets, added up over methods and statuses.
export function digest(samples) {
	const buckets = new Map();
	const result = { buckets, requests: 0, errors: 0 };
	for (const { name, labels, value } of samples) {
		if (name === 'scribekv_request_duration_seconds_bucket') {
			const le = label(labels, 'le');
			const bound = le === '+Inf' ? Infinity : Number(le);
			buckets.set(bound, (buckets.get(bound) ?? 0) + value);
		} else if (name === 'scribekv_request_duration_seconds_count') {
			result.requests += value;
			if (label(labels, 'status')?.[0] === '5')
				result.errors += value;
		} else if (labels === '') {
			result[name.replace(/^scribekv_/, '')] = value;
		}
	}
	return result;
}

// The duration, in seconds, that a share q of the requests between two digests
// took at most: interpolated in its bucket, as Prometheus does it. Null
// without requests.
export function quantile(before, after, q) {
	const bounds = [...after.buckets.keys()].sort((a, b) => a - b);
	const counts = bounds.map((bound) => after.buckets.get(bound) -
	    (before.buckets.get(bound) ?? 0));
	const total = counts.at(-1) ?? 0;
	if (total <= 0)
		return null;
	const rank = q * total;
	const i = counts.findIndex((n) => n >= rank);
	const low = i === 0 ? 0 : bounds[i - 1];
	if (bounds[i] === Infinity)
		return low;
	const below = i === 0 ? 0 : counts[i - 1];
	return low + (bounds[i] - low) * (rank - below) /
	    Math.max(1, counts[i] - below);
}
