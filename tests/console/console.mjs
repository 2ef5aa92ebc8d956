// SPDX-License-Identifier: MIT
// The console in a real browser, used as people use it, in front of the real
// service. Each test begins with an empty store.
//
// usage: node console.mjs URL [DIRECTORY FOR SCREENSHOTS]
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { chromium } from 'playwright-core';

const [base, pictures] = process.argv.slice(2);
const axe = await readFile(
    createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
let page;
let foreign; // requests to other hosts
let errors;  // what the page complains of, violations of its policy included

before(async () => {
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
			'--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync'],
	});
});
after(() => browser.close());

async function open(options = {}) {
	const context = await browser.newContext(
	    { viewport: { width: 1200, height: 760 }, ...options });
	page = await context.newPage();
	page.setDefaultTimeout(30000);
	foreign = [];
	errors = [];
	page.on('request', (request) => {
		if (!request.url().startsWith(base) &&
		    !request.url().startsWith(`blob:${base}`))
			foreign.push(request.url());
	});
	page.on('pageerror', (error) => errors.push(error.message));
	// A status that the page handles is logged by the browser as well.
	page.on('console', (message) => {
		if (message.type() === 'error' &&
		    !/status of 4(04|12|00)/.test(message.text()))
			errors.push(message.text());
	});
	page.on('dialog', (dialog) => {
		errors.push(`a dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	await page.goto(`${base}/console/`);
}

beforeEach(async () => {
	const response = await fetch(`${base}/kv?all=true`, { method: 'DELETE' });
	assert.equal(response.status, 200);
	await open();
});

// Ends each test: nothing went elsewhere, nothing was complained of.
async function done() {
	assert.deepEqual(foreign, []);
	assert.deepEqual(errors, []);
	await page.context().close();
}

const put = async (key, body, type = 'application/octet-stream', more = '') => {
	const response = await fetch(
	    `${base}/kv?key=${encodeURIComponent(key)}${more}`,
	    { method: 'PUT', body, headers: { 'Content-Type': type } });
	assert.equal(response.status, 200);
};
const get = async (key, headers = {}) => await (await fetch(
    `${base}/kv?key=${encodeURIComponent(key)}`, { headers })).text();
const envelope = async (key) =>
    await get(key, { Accept: 'application/json' });
const lines = async (text) => {
	const response = await fetch(`${base}/kv`, { method: 'POST', body: text,
		headers: { 'Content-Type': 'application/x-ndjson' } });
	assert.equal(response.status, 200);
};
const row = (name) => page.getByRole('treeitem').filter(
    { has: page.getByText(name, { exact: true }) });
const button = (name) => page.getByRole('button', { name, exact: true });
const dialogButton = (name) =>
    page.getByRole('dialog').getByRole('button', { name, exact: true });
const value = () => page.getByLabel('Value', { exact: true });
const show = (view) => page.evaluate((hash) => { location.hash = hash; }, view);
const picture = async (name) => {
	if (pictures !== undefined)
		await page.screenshot({ path: `${pictures}/${name}.png` });
};
// The page's revision of the key has to have changed after a save.
const reads = (key, expected, what = get) => assert.doesNotReject(async () => {
	for (let i = 0; await what(key) !== expected; i++) {
		assert.ok(i < 300, `${key}: ${await what(key)}`);
		await page.waitForTimeout(100);
	}
});

test('a tree of prefixes is opened with the keyboard', async () => {
	await lines(['a', 'user/1/name', 'user/1/mail', 'user/2/name', 'z']
	    .map((key) => JSON.stringify({ key, value: key })).join('\n'));
	await page.reload();
	await row('user/').waitFor();
	assert.deepEqual(await page.getByRole('treeitem').locator('.label')
	    .allTextContents(), ['a', 'user/', 'z']);
	await page.keyboard.press('/');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowRight');
	await row('1/').waitFor();
	await page.keyboard.press('ArrowRight');
	await page.keyboard.press('Enter');
	await row('mail').waitFor();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'user/1/mail' }).waitFor();
	assert.equal(await value().inputValue(), 'user/1/mail');
	await picture('keys');
	await done();
});

test('pages go on without end, and a prefix finds', async () => {
	const many = Array.from({ length: 3000 }, (_, i) =>
	    ({ key: `line ${String(i).padStart(4, '0')}`, value: i }));
	await lines(many.map((line) => JSON.stringify(line)).join('\n'));
	await page.reload();
	await row('line 0000').waitFor();
	const tree = page.getByRole('tree');
	await tree.focus();
	for (let i = 0; await row('line 2999').count() === 0; i++) {
		assert.ok(i < 300);
		await page.keyboard.press('End');
		await page.waitForTimeout(50);
	}
	// However many there are, the document holds what is in view.
	assert.ok(await page.getByRole('treeitem').count() < 100);
	await page.getByLabel('Find by prefix').fill('line 17');
	await row('00').waitFor();
	await row('1700').waitFor({ state: 'detached' });
	await row('99').waitFor({ state: 'detached' });
	assert.equal(await row('05').count(), 1);
	await done();
});

test('a key is created, changed and deleted', async () => {
	await page.keyboard.press('n');
	await page.getByLabel('Key', { exact: true }).fill('greeting');
	await value().fill('hello');
	await button('Create').click();
	await page.getByRole('heading', { name: 'greeting' }).waitFor();
	await row('greeting').waitFor();
	assert.match(await envelope('greeting'), /^{"value":"hello",/);
	await value().fill('hello, wörld');
	await value().press('Control+s');
	await reads('greeting', '"hello, wörld"', async (key) =>
	    JSON.stringify(JSON.parse(await envelope(key)).value));
	await button('Delete').click();
	await dialogButton('Cancel').click();
	assert.match(await envelope('greeting'), /hello, wörld/);
	await button('Delete').click();
	await dialogButton('Delete').click();
	await page.getByText('There are no keys yet.').waitFor();
	assert.match(await get('greeting'), /"status":404/);
	await done();
});

test('creating a key that is there changes nothing', async () => {
	await put('taken', 'first');
	await page.keyboard.press('n');
	await page.getByLabel('Key', { exact: true }).fill('taken');
	await value().fill('second');
	await button('Create').click();
	await page.getByText('There is such a key already.').waitFor();
	assert.equal(await get('taken'), 'first');
	await done();
});

test('JSON is validated, laid out, and keeps its digits', async () => {
	await put('document', '{"value":{"n":18446744073709551616,"x":1.50}}',
	    'application/json');
	await page.reload();
	await row('document').click();
	await value().waitFor();
	await button('Format').click();
	assert.equal(await value().inputValue(),
	    '{\n  "n": 18446744073709551616,\n  "x": 1.50\n}');
	await picture('json');
	await value().fill('{"n": 18446744073709551616, }');
	await page.getByRole('alert').waitFor();
	await button('Save').click();
	await page.getByText('Not saved').waitFor();
	await value().fill('{"n": 18446744073709551617}');
	await button('Save').click();
	await reads('document', '18446744073709551617', async (key) =>
	    /\d{20}/.exec(await envelope(key))[0]);
	await done();
});

test('bytes are edited in hex', async () => {
	await put('bytes', new Uint8Array([0, 255, 16]), 'application/x-thing');
	await show('key=bytes');
	await value().waitFor();
	assert.equal(await value().inputValue(), '00 ff 10');
	await value().fill('00 ff 1');
	await page.getByText('one digit only').waitFor();
	await value().fill('deadbeef 00');
	await button('Save').click();
	await page.getByText('5 B').first().waitFor();
	const response = await fetch(`${base}/kv/bytes`);
	assert.deepEqual(new Uint8Array(await response.arrayBuffer()),
	    new Uint8Array([0xde, 0xad, 0xbe, 0xef, 0]));
	assert.equal(response.headers.get('Content-Type'), 'application/x-thing');
	await done();
});

test('a time to live is shown, kept, set and removed', async () => {
	await put('session', 'x', 'text/plain', '&ttl=5000');
	await show('key=session');
	await page.getByText(/in 1 h 23 min/).waitFor();
	await page.getByLabel(/^Expires in/).fill('100000');
	await button('Save').click();
	await page.getByText(/in 1 d 3 h/).waitFor();
	await page.getByLabel(/^Expires in/).fill('');
	await button('Save').click();
	await page.getByText('never', { exact: true }).waitFor();
	const response = await fetch(`${base}/kv/session`);
	assert.equal(response.headers.get('KV-TTL'), null);
	await done();
});

test('somebody else was faster', async () => {
	await put('shared', 'one');
	await show('key=shared');
	await value().fill('mine');
	await put('shared', 'theirs');
	await button('Save').click();
	await page.getByText('Somebody else changed this key').waitFor();
	await picture('conflict');
	await dialogButton('Cancel').click();
	await page.getByText('somebody else was faster').waitFor();
	assert.equal(await get('shared'), 'theirs');
	assert.equal(await value().inputValue(), 'mine');
	await button('Save').click();
	await dialogButton('Show the new version').click();
	await page.waitForFunction(() =>
	    document.querySelector('textarea').value === 'theirs');
	await value().fill('mine again');
	await put('shared', 'theirs again');
	await button('Save').click();
	await dialogButton('Overwrite it').click();
	await reads('shared', 'mine again');
	// A delete has the same condition.
	await page.waitForFunction(() => document.querySelector(
	    '.primary').disabled);
	await put('shared', 'theirs at last');
	await button('Delete').click();
	await dialogButton('Delete').click();
	await page.getByText('Somebody else changed this key').waitFor();
	await dialogButton('Cancel').click();
	assert.equal(await get('shared'), 'theirs at last');
	await done();
});

const pictured = () => page.frameLocator('iframe[sandbox=""]').locator('image');

test('hostile keys and values do not run', async () => {
	const script = '<script>top.pwned=1</script><img src=x onerror="top.pwned=1">';
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="top.pwned=1"><script>top.pwned=1;fetch("https://evil.example/")</script><image href="https://evil.example/x.png"/></svg>`;
	const keys = [
		['<img src=x onerror=top.pwned=1>', 'x', 'text/plain'],
		['javascript:top.pwned=1', script, 'text/html'],
		['\u202egnp.exe', svg, 'image/svg+xml'],
		['"><script>top.pwned=1</script>', script, 'text/html"><script>'],
		['__proto__', '{"value":{"__proto__":{"pwned":1}}}', 'application/json'],
		['envelope', JSON.stringify({ value: script }), 'application/json'],
		['line\n\u2028feed', script, 'application/xhtml+xml'],
	];
	for (const [key, body, type] of keys)
		await put(key, body, type);
	await page.reload();
	// What turns the text's direction, or has no shape, is spelt out.
	await row('\\xe2\\x80\\xaegnp.exe').waitFor();
	for (const [key] of keys) {
		await show(`key=${encodeURIComponent(key)}`);
		await page.getByRole('heading', { level: 1 }).waitFor();
		await value().waitFor();
		await page.waitForTimeout(200);
		assert.equal(await page.evaluate(() => top.pwned), undefined);
		assert.equal(await page.evaluate(() => ({}).pwned), undefined);
		assert.equal(await page.locator(
		    'main script, iframe:not([sandbox=""])').count(), 0);
	}
	await show(`key=${encodeURIComponent('\u202egnp.exe')}`);
	await pictured().waitFor();
	assert.equal(await page.evaluate(() => top.pwned), undefined);
	// Opened by itself, a value is in a sandbox with an origin of its own.
	const other = await page.context().newPage();
	await other.goto(`${base}/kv?key=envelope&raw`);
	await other.goto(`${base}/kv?key=${encodeURIComponent('javascript:top.pwned=1')}&raw`);
	assert.equal(await other.evaluate(() => window.pwned), undefined);
	assert.equal(await other.evaluate(() => self.origin), 'null');
	await other.close();
	await done();
});

test('a picture is shown', async () => {
	await put('logo', '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="green"/></svg>', 'image/svg+xml');
	await show('key=logo');
	await pictured().waitFor();
	// In the sandbox it is green where it should be.
	const frame = page.getByTitle('The value, as a picture');
	assert.equal(await frame.getAttribute('sandbox'), '');
	const shot = `data:image/png;base64,${
	    (await frame.screenshot()).toString('base64')}`;
	const pixel = await page.evaluate(async (url) => {
		const image = new Image();
		image.src = url;
		await image.decode();
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [image.width, image.height];
		const context = canvas.getContext('2d');
		context.drawImage(image, 0, 0);
		return [...context.getImageData(image.width / 2,
		    image.height / 2, 1, 1).data];
	}, shot);
	assert.deepEqual(pixel, [0, 128, 0, 255]);
	// The frame's document cannot reach the page.
	assert.equal(await frame.evaluate((f) => f.contentDocument), null);
	await done();
});

test('keys of any bytes are shown, found and written', async () => {
	const odd = await fetch(`${base}/kv?key=a%00%FF%5Cb`,
	    { method: 'PUT', body: 'odd' });
	assert.equal(odd.status, 200);
	await page.reload();
	await row('a\\x00\\xff\\\\b').click();
	await value().waitFor();
	assert.equal(await value().inputValue(), 'odd');
	await page.keyboard.press('Escape');
	await button('New key').click();
	await page.getByLabel('Key', { exact: true }).fill('\\xfe\\\\');
	await value().fill('made');
	await button('Create').click();
	await page.getByRole('heading', { name: '\\xfe\\\\' }).waitFor();
	const made = await fetch(`${base}/kv?key=%FE%5C&raw`);
	assert.equal(await made.text(), 'made');
	await done();
});

test('a prefix is deleted only when its name is typed', async () => {
	await lines('{"key":"old/1","value":1}\n{"key":"old/2","value":2}\n{"key":"new","value":3}');
	await page.reload();
	await row('old/').hover();
	await page.getByLabel('Delete all keys that begin with old/').click();
	assert.ok(await dialogButton('Delete all').isDisabled());
	await page.getByRole('dialog').getByRole('textbox').fill('old/');
	await dialogButton('Delete all').click();
	await row('old/').waitFor({ state: 'detached' });
	assert.equal((await (await fetch(`${base}/kv?count`)).json()).count, 1);
	await done();
});

test('an export can be imported', async () => {
	await lines(Array.from({ length: 2000 }, (_, i) =>
	    JSON.stringify({ key: `k/${i}`, value: { i } })).join('\n'));
	await put('other', 'x');
	await show('transfer');
	await page.getByLabel(/Only keys that begin/).fill('k/');
	const download = page.waitForEvent('download');
	await button('Export').click();
	const path = await (await download).path();
	await page.getByText(/^2000 keys exported/).waitFor();
	const text = await readFile(path, 'utf8');
	assert.equal(text.trimEnd().split('\n').length, 2000);
	await fetch(`${base}/kv?all=true`, { method: 'DELETE' });
	await page.getByLabel('File', { exact: true }).setInputFiles(path);
	await button('Import').click();
	await page.getByText('2000 keys imported.').waitFor();
	assert.equal((await (await fetch(`${base}/kv?count`)).json()).count, 2000);
	await picture('transfer');

	const bad = `${tmpdir()}/scribekv-bad-${process.pid}.ndjson`;
	await writeFile(bad, '{"key":"fine","value":1}\n{"key":7}\n');
	await page.getByLabel('File', { exact: true }).setInputFiles(bad);
	await button('Import').click();
	await page.getByText(/Line 2: .* 1 keys before it were imported/).waitFor();
	await done();
});

test('the status shows health and draws charts', async () => {
	await show('status');
	await page.getByText('healthy, version').waitFor();
	for (let i = 0; i < 40; i++)
		await put(`k${i}`, 'x');
	await page.locator('.chart canvas').nth(3).waitFor();
	await page.waitForFunction(() => /requests \d/.test(
	    document.querySelector('.chart figcaption').textContent));
	await page.waitForFunction(() => {
		const canvas = document.querySelector('.chart canvas');
		const { data } = canvas.getContext('2d').getImageData(
		    0, 0, canvas.width, canvas.height);
		return data.some((byte) => byte !== 0);
	});
	if (pictures !== undefined)
		await page.waitForTimeout(20000);
	await picture('status');
	await done();
});

test('a service that is down is told', async () => {
	await page.route('**/kv?**', (route) => route.fulfill({ status: 503,
		contentType: 'application/problem+json',
		body: '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the storage daemon is draining"}' }));
	await page.reload();
	await page.getByText('the storage daemon is draining').waitFor();
	assert.ok(errors.every((text) => /status of 503/.test(text)));
	errors = [];
	await page.unroute('**/kv?**');
	await put('back', 'x');
	await page.getByText('Try again').click();
	await row('back').waitFor();
	await done();
});

test('a phone shows one thing at a time, light and dark', async () => {
	await page.context().close();
	await put(`long/${'key'.repeat(40)}`, 'word '.repeat(300), 'text/plain');
	const grounds = [];
	for (const colorScheme of ['light', 'dark']) {
		await open({ viewport: { width: 375, height: 700 }, colorScheme });
		await row('long/').click();
		await row('key'.repeat(40)).click();
		await value().waitFor();
		assert.ok(!await page.getByRole('tree').isVisible());
		for (const view of ['status', 'transfer', 'new=', 'keys']) {
			await show(view);
			await page.waitForTimeout(300);
			assert.ok(await page.evaluate(() => document.documentElement
			    .scrollWidth <= innerWidth), `${view} is too wide`);
		}
		grounds.push(await page.evaluate(() =>
		    getComputedStyle(document.body).backgroundColor));
		await picture(`phone-${colorScheme}`);
		await done();
	}
	assert.notEqual(grounds[0], grounds[1]);
});

test('nothing is in the way of assistive technology', async () => {
	await lines('{"key":"a/b","value":{"x":1}}\n{"key":"c","value":"text"}');
	for (const colorScheme of ['light', 'dark']) {
		await page.context().close();
		await open({ colorScheme });
		await row('a/').click();
		for (const view of ['keys', 'key=a%2Fb', 'new=', 'transfer', 'status']) {
			await show(view);
			await page.waitForTimeout(500);
			await page.evaluate(axe);
			const { violations } = await page.evaluate(
			    () => window.axe.run());
			assert.deepEqual(violations.map(({ id, nodes }) =>
			    [view, id, nodes[0].html]), []);
		}
	}
	await done();
});
