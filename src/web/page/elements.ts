// Elements by name, attributes and children; text is always text.
type Child = Node | string | undefined | false;
type Attributes = Record<string, string | boolean | number | undefined | ((event: Event) => void)>;

/** Attributes that are true stand without a value; functions listen to the event they are named by (`click`, `change`). */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return made;
}

/** Replaces what stands in an element. */
export function fill(target: Element, ...children: Child[]): void {
  target.replaceChildren(...children.filter((child): child is Node | string => child !== undefined && child !== false));
}

export function button(text: string, click: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return element('button', { type: 'button', click, ...attributes }, text);
}

/** A saved file, as the browser offers it. */
export function offerDownload(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  element('a', { href: address, download: name }).click();
  // Firefox reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
