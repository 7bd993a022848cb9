// Drives Debian's Chromium by its debugging protocol over a pipe: real clicks' effects, pictures, clocks and memory of a real page.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Answers of the protocol by the number of their question; messages end in a zero byte. */
class Pipe {
  #next = 1;
  #waiting = new Map();
  #output;
  /** Takes what the browser tells unasked. */
  onEvent = () => {};

  constructor(output, input) {
    this.#output = output;
    output.on('error', () => {});
    let rest = '';
    input.setEncoding('utf8').on('data', (chunk) => {
      const parts = (rest + chunk).split('\0');
      rest = parts.pop();
      for (const part of parts) this.#receive(JSON.parse(part));
    });
  }

  #receive({ id, error, result, method, params }) {
    if (id === undefined) return this.onEvent(method, params);
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`chromium: ${error.message}`));
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    this.#output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

export class Chromium {
  name = 'chromium';
  #child;
  #pipe;
  #session;
  /** Errors and refusals that the page reported. */
  complaints = [];

  static commands = COMMANDS;

  /**
   * @param options.profile folder of the profile, kept when the browser ends; default: an empty one, removed at the end
   * @param options.before script that every page runs before its own
   */
  static async open({ command = COMMANDS[0], profile, more = [], before } = {}) {
    const browser = new Chromium();
    const folder = profile ?? (await mkdtemp(join(tmpdir(), 'isolab-chromium-')));
    const words = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--remote-debugging-pipe', `--user-data-dir=${folder}`, ...more];
    browser.#child = spawn(command, words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } });
    browser.#pipe = new Pipe(browser.#child.stdio[3], browser.#child.stdio[4]);
    browser.#child.on('exit', (code) => browser.#pipe.fail(new Error(`chromium: ended with code ${code}`)));
    if (profile === undefined) browser.#child.on('exit', () => void rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => {}));
    const { targetId } = await browser.#pipe.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.#pipe.send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = sessionId;
    browser.#pipe.onEvent = (method, params) => browser.#hear(method, params);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`);
    if (before !== undefined) await browser.send('Page.addScriptToEvaluateOnNewDocument', { source: before });
    return browser;
  }

  #hear(method, params) {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === 'Log.entryAdded' && params.entry.level === 'error') this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    if (method === 'Network.requestWillBeSent') this.requested?.push(params.request.url);
  }

  /** A command of the protocol to the page. */
  send(method, params) {
    return this.#pipe.send(method, params, this.#session);
  }

  async goTo(url) {
    await this.send('Page.navigate', { url });
  }

  /** What a function returns in the page; its arguments and result pass as JSON. */
  async evaluate(act, ...args) {
    const expression = `(${act})(...${JSON.stringify(args)})`;
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (exceptionDetails !== undefined) throw new Error(`chromium: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  /** @param options.dark the system's colours @param options.height of the window; default: of the whole page */
  async screenshot(path, { width = 1280, height, dark = false } = {}) {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height: height ?? 900, deviceScaleFactor: 1, mobile: width < 600 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const whole = height ?? Math.min(4000, await this.evaluate(() => Promise.resolve(document.documentElement.scrollHeight)));
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip: { x: 0, y: 0, width, height: whole, scale: 1 } });
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  /** Ends it at once, as a crash would. */
  async close() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
