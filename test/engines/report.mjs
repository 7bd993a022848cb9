// Runs jobs in a script engine and prints one JSON line each: report.mjs BUNDLE ADDRESS JOB...
import process from 'node:process';
import { startThread } from '../../dist/runtime/node-threads.js';

const [bundle, address, ...jobs] = process.argv.slice(2);
const { runJob } = await import(bundle);
for (const job of jobs) console.log(JSON.stringify(await runJob(JSON.parse(job), address, startThread)));
