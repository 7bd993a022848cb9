// What a run's plots show: panels that an experiment names, and the changes that its events make to them. Plain data, so that it
// passes through postMessage and is kept in a file.

/** A panel: curves, a strip of images, points on a plane, or a histogram with a density over it. */
export interface Panel {
  /** Unique in its experiment. */
  id: string;
  kind: 'curves' | 'images' | 'plane' | 'histogram';
  title: string;
  /** What the panel shows, for readers who do not see it. */
  description: string;
  /** Labels of the axes. */
  x?: string;
  y?: string;
  /** Numbers of x that are whole. */
  whole?: boolean;
  /** A logarithmic axis of y. */
  logarithmic?: boolean;
  /** Markers at the points. */
  marked?: boolean;
}

export interface Curve {
  x: number[];
  y: number[];
  /** Points that each kept one stands for. */
  stride: number;
  /** Points seen so far. */
  seen: number;
}

export interface ImageStrip {
  kind: 'images';
  /** Bytes of 28 x 28 images, one after the other. */
  pixels: number[];
  captions: string[];
  /** Whether each answer is right; empty where there are none. */
  right: boolean[];
}

export interface Plane {
  kind: 'plane';
  groups: { name: string; points: [number, number][] }[];
  note: string;
}

export interface Histogram {
  kind: 'histogram';
  /** Lower edge of the first bin, and the bins' width. */
  from: number;
  width: number;
  /** Estimated density of each bin. */
  bars: number[];
  /** The analytic density at the bins' middles. */
  density: number[];
  note: string;
}

/** A change to one panel: a point added to a curve, or a new picture. */
export type PlotChange = { kind: 'point'; series: string; x: number; y: number } | ImageStrip | Plane | Histogram;

/** Points of a curve above which every second one is left out. */
const MOST_POINTS = 4096;

function addPoint(curve: Curve, x: number, y: number): void {
  if (curve.seen % curve.stride === 0) {
    curve.x.push(x);
    curve.y.push(y);
  }
  curve.seen++;
  if (curve.x.length < MOST_POINTS) return;
  const isKept = (_: number, place: number) => place % 2 === 0;
  curve.x = curve.x.filter(isKept);
  curve.y = curve.y.filter(isKept);
  curve.stride *= 2;
}

/** What all panels of a run show. Its size does not grow with the length of a run. */
export class PlotBook {
  readonly curves: Map<string, Map<string, Curve>>;
  readonly pictures: Map<string, ImageStrip | Plane | Histogram>;

  constructor(curves = new Map<string, Map<string, Curve>>(), pictures = new Map<string, ImageStrip | Plane | Histogram>()) {
    this.curves = curves;
    this.pictures = pictures;
  }

  apply(panel: string, change: PlotChange): void {
    if (change.kind !== 'point') {
      this.pictures.set(panel, change);
      return;
    }
    const series = this.curves.get(panel) ?? new Map<string, Curve>();
    this.curves.set(panel, series);
    const curve = series.get(change.series) ?? { x: [], y: [], stride: 1, seen: 0 };
    series.set(change.series, curve);
    addPoint(curve, change.x, change.y);
  }

  /** As JSON; NaN becomes null and is read as NaN again. */
  toText(): string {
    return JSON.stringify({ curves: [...this.curves].map(([id, series]) => [id, [...series]]), pictures: [...this.pictures] });
  }

  static fromText(text: string): PlotBook {
    const { curves, pictures } = JSON.parse(text) as { curves: [string, [string, Curve][]][]; pictures: [string, ImageStrip | Plane | Histogram][] };
    const numbers = (values: (number | null)[]) => values.map((value) => value ?? NaN);
    const restored = ([name, curve]: [string, Curve]): [string, Curve] => [name, { ...curve, x: numbers(curve.x), y: numbers(curve.y) }];
    return new PlotBook(new Map(curves.map(([id, series]) => [id, new Map(series.map(restored))])), new Map(pictures));
  }
}
