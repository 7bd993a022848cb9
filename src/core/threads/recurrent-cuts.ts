// The kernels of sequences: an LSTM's steps, gathered rows, losses over many classes.
import { cutAlong, rowsHolding, type Cutter } from './cut.js';

/** Values in a part of a kernel that evaluates a function of each, and of one that streams through memory. */
const EVALUATED = 8192;
const STREAMED = 32_768;
/** As in assembly/vector.ts: about this many values make a chunk of rows whose losses are added up. */
const SUM_CHUNK = 65_536;

/** Functions evaluated for a hidden value: four gates and the cell's tanh. */
const FUNCTIONS = 5;

/** By rows: (gates [rows, 4 hidden], ...) with `rows` and `hidden` at 3 and 4, the other pointers [rows, hidden]. */
function steps(pointers: readonly number[], size: number): Cutter {
  return (args) => {
    const row = args[4]! * size;
    const moving = pointers.map((argument) => [argument, row] as const);
    return cutAlong(args, { extent: 3, per: Math.max(1, Math.ceil(EVALUATED / (FUNCTIONS * args[4]!))), pointers: [[0, 4 * row], ...moving] });
  };
}

/** (input, indices, count, columns, first, rows, output): by rows of the output; each part looks at every index. */
function scatter(size: number): Cutter {
  return (args) => {
    const [count, columns, first, rows, output] = args.slice(2) as [number, number, number, number, number];
    // A part looks at all indices, which must cost little beside its rows.
    const per = Math.max(rowsHolding(STREAMED, columns), Math.ceil(count / columns) * 8);
    const cut = cutAlong(args, { extent: 5, per, pointers: [] });
    if (cut === undefined) return undefined;
    const narrow = (part: number) => {
      const start = part * per;
      const narrowed = args.slice();
      narrowed[4] = first + start;
      narrowed[5] = Math.min(per, rows - start);
      narrowed[6] = output + start * columns * size;
      return narrowed;
    };
    return { ...cut, narrow };
  };
}

/** (logits, labels, batch, classes, ignored, smoothing, probabilities): by the chunks whose sums are added in order. */
function loss(size: number): Cutter {
  return (args) => {
    const row = args[3]! * size;
    return cutAlong(args, { extent: 2, per: Math.max(1, Math.floor(SUM_CHUNK / args[3]!)), pointers: [[0, row], [1, 4], [6, row]] });
  };
}

/** (probabilities, labels, batch, classes, ignored, smoothing, scale, output): by rows. */
function lossGradient(size: number): Cutter {
  return (args) => {
    const row = args[3]! * size;
    return cutAlong(args, { extent: 2, per: rowsHolding(EVALUATED, args[3]!), pointers: [[0, row], [1, 4], [7, row]] });
  };
}

/** Their cuts, by kernel. */
export function recurrences(suffix: 'f32' | 'f64', size: number): Record<string, Cutter> {
  return {
    [`recurrent_lstm_cell_${suffix}`]: steps([2, 5, 6], size),
    [`recurrent_lstm_cell_gradient_${suffix}`]: steps([1, 2, 5, 6, 7], size),
    [`rows_scatter_${suffix}`]: scatter(size),
    [`loss_smoothed_cross_entropy_${suffix}`]: loss(size),
    [`loss_smoothed_cross_entropy_gradient_${suffix}`]: lossGradient(size),
  };
}
