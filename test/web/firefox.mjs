// Drives Debian's Firefox by Marionette, its own protocol: a number of bytes, a colon, and that many of JSON.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const COMMANDS = ['firefox-esr', 'firefox'];

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connectPatiently(port) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.once('error', reject);
      });
    } catch (error) {
      if (attempt > 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

class Marionette {
  #socket;
  #next = 1;
  #waiting = new Map();
  #rest = Buffer.alloc(0);
  #greeted;
  greeted = new Promise((resolve) => (this.#greeted = resolve));

  constructor(socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      this.#readAll();
    });
  }

  #readAll() {
    for (;;) {
      const colon = this.#rest.indexOf(58);
      if (colon < 0) return;
      const end = colon + 1 + Number(this.#rest.subarray(0, colon).toString());
      if (this.#rest.length < end) return;
      const message = JSON.parse(this.#rest.subarray(colon + 1, end).toString());
      this.#rest = this.#rest.subarray(end);
      if (!Array.isArray(message)) this.#greeted();
      else this.#receive(message);
    }
  }

  #receive([, id, error, result]) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new Error(`firefox: ${error.error}: ${error.message}`));
    else resolve(result);
  }

  send(name, params = {}) {
    const id = this.#next++;
    const text = JSON.stringify([0, id, name, params]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

export class Firefox {
  name = 'firefox';
  #child;
  #protocol;
  complaints = [];

  static commands = COMMANDS;

  /** @param options.profile see Chromium @param options.preferences of about:config */
  static async open({ command = COMMANDS[0], profile, preferences = {} } = {}) {
    const browser = new Firefox();
    const folder = profile ?? (await mkdtemp(join(tmpdir(), 'isolab-firefox-')));
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const chosen = { 'marionette.port': port, 'browser.shell.checkDefaultBrowser': false, 'datareporting.policy.dataSubmissionEnabled': false, 'app.update.enabled': false, ...preferences };
    await writeFile(join(folder, 'user.js'), Object.entries(chosen).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    browser.#child = spawn(command, ['--headless', '--no-remote', '--marionette', '--profile', folder], { stdio: 'ignore', env: { ...process.env, HOME: folder, MOZ_HEADLESS: '1' } });
    if (profile === undefined) browser.#child.on('exit', () => void rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => {}));
    browser.#protocol = new Marionette(await connectPatiently(port));
    browser.#child.on('exit', (code) => browser.#protocol.fail(new Error(`firefox: ended with code ${code}`)));
    await browser.#protocol.greeted;
    await browser.#protocol.send('WebDriver:NewSession', {});
    await browser.#protocol.send('WebDriver:SetTimeouts', { script: 1_800_000, pageLoad: 60_000 });
    return browser;
  }

  async goTo(url) {
    await this.#protocol.send('WebDriver:Navigate', { url });
  }

  async evaluate(act, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve((${act})(...JSON.parse(arguments[0]))).then((value) => done(JSON.stringify({ value })), (error) => done(JSON.stringify({ error: String(error && error.stack || error) })));`;
    const { value: text } = await this.#protocol.send('WebDriver:ExecuteAsyncScript', { script, args: [JSON.stringify(args)], sandbox: null });
    if (text === null) throw new Error('firefox: the page navigated away before it answered');
    const { value, error } = JSON.parse(text);
    if (error !== undefined) throw new Error(`firefox: ${error}`);
    return value;
  }

  async screenshot(path) {
    const { value } = await this.#protocol.send('WebDriver:TakeScreenshot', { full: true });
    await writeFile(path, Buffer.from(value, 'base64'));
  }

  async close() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
