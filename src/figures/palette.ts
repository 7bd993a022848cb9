// Colours that readers with colour vision deficiency, and a grey printer, can tell apart.

/**
 * Okabe and Ito, "Color universal design", 2008: blue, vermillion, bluish green, reddish purple, orange, sky blue, black. Their
 * yellow is left out: it cannot be seen on white.
 */
export const SERIES_COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;

/** Colour of the series with that index; after the last the colours come again. @throws RangeError unless a whole number from 0 */
export function seriesColor(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`figure: expected a colour index from 0, got ${index}`);
  return SERIES_COLORS[index % SERIES_COLORS.length]!;
}

/** The colour mixed with white: `share` 0 leaves it, 1 is white. */
export function tinted(color: string, share: number): string {
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const mix = (part: number) => part + share * (255 - part);
  return hex([mix(parts[0]!), mix(parts[1]!), mix(parts[2]!)]);
}

/** Dashes that tell a series from an earlier one of the same colour; undefined for a whole line. */
export function seriesDash(index: number): string | undefined {
  return [undefined, '6 3', '2 2', '8 3 2 3'][Math.floor(index / SERIES_COLORS.length) % 4];
}

type Color = readonly [red: number, green: number, blue: number];

/** Viridis (van der Walt and Smith, matplotlib 1.5) at every tenth; linear between them. */
const VIRIDIS: readonly Color[] = [
  [68, 1, 84], [72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140], [34, 168, 132], [68, 191, 112], [122, 209, 81],
  [189, 223, 38], [253, 231, 37],
];

function hex(color: Color): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}

function viridis(share: number): Color {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const [from, to] = [VIRIDIS[below]!, VIRIDIS[below + 1]!];
  const mix = (part: 0 | 1 | 2) => from[part] + (place - below) * (to[part] - from[part]);
  return [mix(0), mix(1), mix(2)];
}

/** The sequential palette: dark violet for 0, yellow for 1; beyond them the ends. */
export function sequentialColor(share: number): string {
  return hex(viridis(share));
}

/** Relative luminance, 0 to 1: WCAG 2.1. */
function luminance(color: Color): number {
  const [red, green, blue] = color.map((part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever contrasts more (WCAG 2.1) with the sequential palette's colour there. */
export function textColorOn(share: number): '#000000' | '#ffffff' {
  const ground = luminance(viridis(share));
  return (ground + 0.05) / 0.05 >= 1.05 / (ground + 0.05) ? '#000000' : '#ffffff';
}
