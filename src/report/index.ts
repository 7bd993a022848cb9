export { drawSweepFigures, type DrawnFigure, type FigureNumbers } from './drawing.js';
export { reportPage, type ReportFacts } from './page.js';
