// SVG as text: escaping, and numbers short enough for small files.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Characters that no XML 1.0 text may hold, lone surrogates among them. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text for between tags and for quoted attributes. */
export function escapeText(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/**
 * A length in pixels with at most two decimals.
 * @throws RangeError for NaN and infinities: whoever draws leaves missing values out
 */
export function coordinate(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`figure: expected a finite coordinate, got ${value}`);
  return String(Math.round(value * 100) / 100 + 0);
}

/** One element; an undefined attribute is left out, `children` is markup. */
export function element(name: string, attributes: Attributes, children = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeText(value!)}"`)
    .join('');
  return children === '' ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`;
}

/** Moves markup. */
export function moved(x: number, y: number, children: string): string {
  return element('g', { transform: `translate(${coordinate(x)},${coordinate(y)})` }, children);
}

/** What every figure tells a reader who does not see it. */
export interface FigureText {
  title: string;
  /** One or two sentences: what is drawn against what. */
  description: string;
}

/**
 * A whole file: title and description for assistive technology, and a white ground of its own, so that it reads the same on a
 * dark page. It refers to nothing outside it and holds no ids, so several can stand in one HTML page.
 * @param width in pixels, as `height`
 */
export function svgDocument(text: FigureText, width: number, height: number, children: string): string {
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg', ...size, viewBox: `0 0 ${size.width} ${size.height}`, role: 'img',
    'font-family': 'system-ui, sans-serif', 'font-size': 12, fill: '#222222',
  };
  const words = element('title', {}, escapeText(text.title)) + element('desc', {}, escapeText(text.description));
  return `${element('svg', attributes, `${words}${element('rect', { ...size, fill: '#ffffff' })}${children}`)}\n`;
}
