// What a reader does on the lab page, in either browser: it presses its buttons, fills its fields and reads its words.
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A page that is open in a browser. */
export class LabReader {
  #browser;

  constructor(browser) {
    this.#browser = browser;
  }

  /** Opens an address, and waits for the page to be ready. */
  async open(address) {
    await this.#browser.goTo('about:blank');
    await this.#browser.goTo(address);
    await this.until('the page', () => Promise.resolve(document.documentElement?.dataset.ready === 'yes'));
  }

  /** @throws Error naming `what` after so many seconds without it; the page's words with it */
  async until(what, condition, seconds = 60, ...args) {
    const end = Date.now() + 1000 * seconds;
    for (;;) {
      const found = await this.#browser.evaluate(condition, ...args).catch((error) => (/context|navigat|aborted|discarded/i.test(error.message) ? undefined : Promise.reject(error)));
      if (found) return found;
      if (Date.now() > end) throw new Error(`${this.#browser.name}: expected ${what} within ${seconds} s, got ${await this.words()}`);
      await wait(50);
    }
  }

  words() {
    return this.#browser.evaluate(() => Promise.resolve(document.body.innerText.slice(0, 3000)));
  }

  click(selector) {
    return this.#browser.evaluate((which) => {
      const found = document.querySelector(which);
      if (found === null) throw new Error(`expected ${which} on the page, got none`);
      found.click();
      return Promise.resolve();
    }, selector);
  }

  text(selector) {
    return this.#browser.evaluate((which) => Promise.resolve(document.querySelector(which)?.textContent ?? undefined), selector);
  }

  async choose(experiment) {
    await this.click(`input[name=experiment][value="${experiment}"]`);
  }

  /** Puts a text into a field, as typing and leaving it does. */
  set(name, value) {
    return this.#browser.evaluate((field, given) => {
      const control = document.getElementById(`field-${field}`);
      if (control.type === 'checkbox') control.checked = given;
      else control.value = given;
      control.dispatchEvent(new Event('change', { bubbles: true }));
      return Promise.resolve();
    }, name, value);
  }

  preset(index) {
    return this.#browser.evaluate((place) => {
      const control = document.getElementById('preset');
      control.value = String(place);
      control.dispatchEvent(new Event('change', { bubbles: true }));
      return Promise.resolve();
    }, index);
  }

  /** Drops a configuration into the page, as its file picker does. */
  async importJson(values) {
    await this.#browser.evaluate((text) => {
      const input = document.querySelector('form input[type=file]');
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'config.json', { type: 'application/json' }));
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
      return Promise.resolve();
    }, JSON.stringify(values));
    await this.until('the configuration in the form', () => Promise.resolve(document.getElementById('preset').value === '-1' || document.querySelector('form .actions .error').textContent !== ''), 10);
  }

  /** Starts what the form says. */
  async start() {
    const before = await this.#browser.evaluate(() => Promise.resolve(document.querySelectorAll('#runs tbody tr').length));
    await this.click('#run');
    // Until then the digest on the page is the run's before it.
    await this.until('the run in the list', (count) => Promise.resolve(document.querySelectorAll('#runs tbody tr').length > count), 10, before);
  }

  /** Runs what the form says. @returns the digest */
  async run(seconds = 300) {
    await this.start();
    return this.finish(seconds);
  }

  /** Waits for the end of the run. @returns its digest */
  async finish(seconds = 300) {
    return this.until('a digest', () => {
      const failure = document.querySelector('.result .error')?.textContent;
      if (failure) throw new Error(failure);
      return Promise.resolve(document.getElementById('digest')?.textContent);
    }, seconds);
  }

  /** Bytes of a download whose path ends so, in base64. */
  async download(end) {
    await this.until(`the file ${end}`, (name) => Promise.resolve(document.querySelector(`button[data-path$="${name}"]`) !== null), 10, end);
    return this.#browser.evaluate(async (name) => {
      const original = URL.createObjectURL;
      const caught = new Promise((resolve) => {
        URL.createObjectURL = (blob) => {
          resolve(blob);
          return original.call(URL, blob);
        };
      });
      document.querySelector(`button[data-path$="${name}"]`).click();
      const bytes = new Uint8Array(await (await caught).arrayBuffer());
      URL.createObjectURL = original;
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    }, end).then((text) => Buffer.from(text, 'base64'));
  }

  /** Types a sentence for the translator, chooses how it is answered, and presses Enter. @returns the answer */
  async ask(sentence, way = 'greedy') {
    await this.until('a box for sentences', () => Promise.resolve(document.getElementById('sentence') !== null), 10);
    await this.#browser.evaluate((words, how) => {
      document.getElementById('translation').textContent = '';
      document.getElementById('sentence').value = words;
      document.getElementById('way').value = how;
      document.querySelector('form.ask').requestSubmit();
      return Promise.resolve();
    }, sentence, way);
    return this.until('an answer', () => {
      const refusal = document.getElementById('sentence-error').textContent;
      if (refusal) throw new Error(refusal);
      return Promise.resolve(document.getElementById('translation').textContent);
    }, 60);
  }

  /** Presses a button of the row of a run in the list, the latest run being 0. */
  pressInRow(index, words) {
    return this.#browser.evaluate((place, text) => {
      const row = document.querySelectorAll('#runs tbody tr')[place];
      [...row.querySelectorAll('button')].find((button) => button.textContent === text).click();
      return Promise.resolve();
    }, index, words);
  }

  /** The link that the page makes of the run. */
  async link() {
    await this.click('#share');
    return this.until('a link', () => Promise.resolve(document.getElementById('link')?.value));
  }
}
