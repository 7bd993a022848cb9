// A strict reader of the XML that figures are made of: elements, quoted attributes, text and the five entities.

export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** Its own text, entities decoded. */
  text: string;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text)) throw new Error(`expected characters of XML, got ${JSON.stringify(text)}`);
  if (text.includes('<') || text.includes(']]>')) throw new Error(`expected no bare < or ]]>, got ${text}`);
  return text.replace(/&(?:(\w+);)?/g, (whole, name: string | undefined) => {
    if (name === undefined || ENTITIES[name] === undefined) throw new Error(`expected an entity, got ${whole}`);
    return ENTITIES[name];
  });
}

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  let rest = text;
  while (rest.trim() !== '') {
    const found = /^\s+([A-Za-z][\w-]*)="([^"<]*)"/.exec(rest);
    if (found === null) throw new Error(`expected name="value", got ${rest}`);
    if (found[1]! in attributes) throw new Error(`expected each attribute once, got ${found[1]} again`);
    attributes[found[1]!] = decode(found[2]!);
    rest = rest.slice(found[0].length);
  }
  return attributes;
}

/** Parses one whole document without declaration. @throws Error where it is not well-formed */
export function parseXml(source: string): XmlElement {
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  let at = 0;
  for (const tag of source.matchAll(/<(\/?)([A-Za-z]+)((?:[^"<>]|"[^"]*")*?)(\/?)>/g)) {
    open.at(-1)!.text += decode(source.slice(at, tag.index));
    at = tag.index + tag[0].length;
    const [, closing, name, attributes, empty] = tag as unknown as string[];
    if (closing === '/') {
      const closed = open.pop()!;
      if (closed.name !== name || open.length === 0) throw new Error(`expected </${closed.name}>, got </${name}>`);
      continue;
    }
    const element: XmlElement = { name: name!, attributes: readAttributes(attributes!), children: [], text: '' };
    open.at(-1)!.children.push(element);
    if (empty !== '/') open.push(element);
  }
  top.text += decode(source.slice(at));
  if (open.length !== 1) throw new Error(`expected </${open.at(-1)!.name}>, got the end`);
  if (top.children.length !== 1 || top.text.trim() !== '') throw new Error('expected one element around everything');
  return top.children[0]!;
}

/** An element and all below it, in document order. */
export function everyElement(root: XmlElement): XmlElement[] {
  return [root, ...root.children.flatMap(everyElement)];
}

export function elementsNamed(root: XmlElement, name: string): XmlElement[] {
  return everyElement(root).filter((element) => element.name === name);
}

/** Text of every <text>, with raised exponents in parentheses. */
export function words(root: XmlElement): string[] {
  return elementsNamed(root, 'text').map(({ text, children }) => text + children.map((raised) => `(${raised.text})`).join(''));
}

/** The nested svg of each panel, which holds its data. */
export function plots(root: XmlElement): XmlElement[] {
  return elementsNamed(root, 'svg').slice(1);
}

/** Strokes of a path as lists of points; absolute moves and lines only. */
export function strokes(d: string): [x: number, y: number][][] {
  if (!/^(?:[MLZ]|-?[\d.]+|,)*$/.test(d)) throw new Error(`expected moves and lines, got ${d}`);
  return d.split('M').slice(1).map((stroke) => stroke.replace('Z', '').split('L').map((point) => point.split(',').map(Number) as [number, number]));
}
