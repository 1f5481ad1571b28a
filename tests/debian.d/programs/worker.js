// SPDX-License-Identifier: GPL-2.0
//
// worker.js MIB PAUSE - a worker of a browser's engine, as node has it, for tests/debian
//
// The worker fills its heap with objects, and buffers beside it; then PAUSE.ready is made,
// and PAUSE.go is waited for. All must be as it was then, also after a garbage collection.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { createHash } = require('crypto');
const fs = require('fs');

const piece = 2048;

// Half of it in the heap as a string's, half in a buffer; each begins with its number.
function fill(mib) {
	const things = [];
	const like = Buffer.from(Array.from({ length: piece }, (_, i) => i % 3 ? i * i : 0));

	for (let i = 0; i < mib * 1024 * 1024 / piece / 2; i++) {
		const bytes = Buffer.from(like);
		bytes.writeUInt32LE(i);
		things.push({ number: i, text: bytes.toString('latin1'), bytes });
	}
	return things;
}

function sum(things) {
	const hash = createHash('sha256');

	for (const { number, text, bytes } of things)
		hash.update(String(number)).update(text, 'latin1').update(bytes);
	return hash.digest('hex');
}

function work() {
	const things = fill(workerData);
	const want = sum(things);

	parentPort.postMessage('filled');
	parentPort.once('message', () => {
		const back = sum(things);
		for (let i = 0; i < things.length; i += 16)
			things[i] = { ...things[i] };
		gc();
		parentPort.postMessage(back === want && sum(things) === want ? 'right' : 'wrong');
	});
}

function main(mib, pause) {
	const worker = new Worker(__filename, { workerData: Number(mib) });

	worker.on('error', (error) => {
		console.error(error);
		process.exit(1);
	});
	worker.on('message', (word) => {
		if (word !== 'filled') {
			console.error(`the worker's memory is ${word}`);
			process.exit(word === 'right' ? 0 : 1);
		}
		fs.writeFileSync(`${pause}.ready`, '');
		const timer = setInterval(() => {
			if (!fs.existsSync(`${pause}.go`))
				return;
			clearInterval(timer);
			worker.postMessage('go');
		}, 50);
	});
}

if (isMainThread)
	main(process.argv[2], process.argv[3]);
else
	work();
