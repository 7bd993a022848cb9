export type { AxisSpec } from './axis.js';
export { bootstrapMean, type BootstrapOptions, type MeanInterval } from './bootstrap.js';
export { drawFigure, type FigureLayout, type FigureSpec } from './figure.js';
export { heatMap, type HeatMapSpec } from './heat-map.js';
export {
  binValues, chooseBinCount, histogramFigure, histogramPanel, type Bin, type DensityCurve, type HistogramPanelSpec, type HistogramSeries,
} from './histogram-panel.js';
export { lineFigure, linePanel, type LinePanelSpec, type LineSeries } from './line-panel.js';
export type { Panel } from './panel.js';
export type { Point } from './paths.js';
export type { ReferenceLine } from './reference-lines.js';
export { scatterFigure, scatterPanel, type Mark, type PointShape, type ScatterPanelSpec, type ScatterSeries } from './scatter-panel.js';
export type { FigureText } from './svg.js';
