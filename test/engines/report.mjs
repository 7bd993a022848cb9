// Runs jobs in a script engine and prints one JSON line each: report.mjs BUNDLE ADDRESS JOB...
const [bundle, address, ...jobs] = (globalThis.Deno?.args ?? process.argv.slice(2));
const { runJob } = await import(bundle);
for (const job of jobs) console.log(JSON.stringify({ job, report: await runJob(job, address) }));
