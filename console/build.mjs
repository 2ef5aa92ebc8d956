// SPDX-License-Identifier: MIT
// Puts the console together: src/ and two libraries become dist/, three files
// that a browser loads as they are. dist/ is committed, so that neither who
// installs scribekv nor who serves it needs node; a test runs this again and
// compares.
//
// usage: npm ci && npm run build [-- DIRECTORY]
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';

const out = process.argv[2] ?? 'dist';
const libraries = ['preact', 'uplot'];

await mkdir(out, { recursive: true });
await build({
	entryPoints: { console: 'src/main.jsx' },
	outdir: out,
	bundle: true,
	minify: true,
	format: 'esm',
	target: ['es2022'],
	charset: 'utf8',
	legalComments: 'none',
	jsx: 'automatic',
	jsxImportSource: 'preact',
	logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg'])
	await copyFile(`src/${file}`, `${out}/${file}`);

// The licences of what is inside want to come along.
let notices = '';
for (const name of libraries) {
	const { version } = JSON.parse(
	    await readFile(`node_modules/${name}/package.json`));
	notices += `${name} ${version}\n\n` +
	    await readFile(`node_modules/${name}/LICENSE`, 'utf8') + '\n';
}
await writeFile(`${out}/LICENSES.txt`, notices);
