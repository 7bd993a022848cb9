// npm run screenshots: pictures of each experiment running and finished, light and dark, 380 and 1280 pixels wide, in
// .cache/screenshots; axe-core looks at each. -- --experiments LIST for some of them, --readme to replace the README's two.
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXPERIMENTS, experimentNamed } from '../../dist/web/experiments/index.js';
import { requireAccessible } from './checks.mjs';
import { Chromium } from './chromium.mjs';
import { serveHere } from './hosts.mjs';
import { LabReader } from './page-driver.mjs';
import { firstOf, prepare } from './preparation.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = join(repository, '.cache/screenshots');
const README = { 'splithead-finished-light-1280': 'lab-split-head.png', 'byzantine-finished-dark-1280': 'lab-byzantine.png' };
const { values: options } = parseArgs({ options: { experiments: { type: 'string', default: EXPERIMENTS.map(({ name }) => name).join(',') }, readme: { type: 'boolean' } } });

async function takeAll(browser, name) {
  for (const dark of [false, true]) {
    for (const width of [380, 1280]) {
      const title = `${name}-${dark ? 'dark' : 'light'}-${width}`;
      await browser.screenshot(join(folder, `${title}.png`), { width, dark });
      await requireAccessible(browser, title);
      if (options.readme && README[title] !== undefined) await copyFile(join(folder, `${title}.png`), join(repository, 'src/web/screenshots', README[title]));
    }
  }
  console.log(`${name}: taken, and accessible`);
}

await mkdir(folder, { recursive: true });
await mkdir(join(repository, 'src/web/screenshots'), { recursive: true });
const host = await serveHere();
try {
  for (const name of options.experiments.split(',')) {
    const browser = await Chromium.open();
    try {
      const reader = new LabReader(browser);
      const file = name.replaceAll(' ', '-');
      await reader.open(host.address);
      await prepare(reader, await firstOf(name));
      await reader.choose(name);
      await reader.preset(1);
      await reader.start();
      await reader.until('a part of the run, or the end', () => Promise.resolve(document.querySelector('.run progress')?.value > 0.45 || document.getElementById('digest') !== null), 600);
      if ((await reader.text('#pause')) !== undefined) await reader.click('#pause');
      await takeAll(browser, `${file}-running`);
      if ((await reader.text('#go-on')) !== undefined) await reader.click('#go-on');
      await reader.finish(900);
      if (experimentNamed(name).translates === true) await reader.ask('私は英語を話すことが出来ます。');
      await takeAll(browser, `${file}-finished`);
    } finally {
      await browser.close();
    }
  }
} finally {
  await host.close();
}
process.exit(0);
