// Errors of the core's elementary functions over every float32 there is, and their speed.
//
//   node bench/math-ulp.mjs [function ...] [--speed] [--stride N] [--wasm FILE]
//
// Functions: exp log tanh erf sin cos (default: all). A full sweep takes minutes a function;
// --stride N takes every Nth argument. --speed measures ns per element instead. The core is
// dist/isolab-strict.wasm (npm run build:core) unless --wasm names a .wasm.
//
// The reference is the engine's float64 Math.*, good to about 1e-15 in V8 (fdlibm): one float32 unit
// is 6e-8, so it shifts a measured error by 1e-8 units. JavaScript has no erf: there the reference is
// the core's own float64 erf, which test/core/math.test.ts holds to mpmath within 2 float64 units.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { speed: { type: 'boolean' }, stride: { type: 'string', default: '1' }, wasm: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : ['exp', 'log', 'tanh', 'erf', 'sin', 'cos'];

const file = options.wasm ?? new URL('../dist/isolab-strict.wasm', import.meta.url);
const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536 });
const { instance } = await WebAssembly.instantiate(await readFile(file), { env: { memory, abort() {} } });
const kernels = instance.exports;

const BLOCK = 1 << 16;
const base = 1 << 20;
const arguments32 = new Float32Array(memory.buffer, base, BLOCK);
const bits32 = new Uint32Array(memory.buffer, base, BLOCK);
const results32 = new Float32Array(memory.buffer, base + 4 * BLOCK, BLOCK);
const resultBits32 = new Uint32Array(memory.buffer, base + 4 * BLOCK, BLOCK);
const wide = new Float64Array(memory.buffer, base + 8 * BLOCK, BLOCK);
const exact = new Float64Array(memory.buffer, base + 16 * BLOCK, BLOCK);

/** A loop of its own for each function, so that the engine can inline the call. */
const loops = new Map();
function loopOf(name) {
  if (!loops.has(name)) {
    loops.set(name, new Function('from', 'to', 'count', `for (let i = 0; i < count; i++) to[i] = Math.${name}(from[i]);`));
  }
  return loops.get(name);
}

/** Units in the last place per 1, by a float32's exponent field; subnormals share the first normal spacing. */
const unitsPerOne = Float64Array.from({ length: 256 }, (_, field) => 2 ** (150 - Math.max(field, 1)));

/** Fills `exact` with the float64 reference of the first `count` arguments. */
function reference(name, count) {
  if (name === 'erf') {
    for (let i = 0; i < count; i++) wide[i] = arguments32[i];
    kernels.elementwise_erf_f64(wide.byteOffset, exact.byteOffset, count);
    return;
  }
  loopOf(name)(arguments32, exact, count);
}

function sweep(name, stride) {
  const kernel = kernels[`elementwise_${name}_f32`];
  const rounded = new Float32Array(1), roundedBits = new Uint32Array(rounded.buffer);
  let worst = 0, worstAt = 0, apart = 0, tested = 0, misrounded = 0, wrongSpecial = 0;
  for (let start = 0; start < 2 ** 32; start += BLOCK * stride) {
    const count = Math.min(BLOCK, Math.ceil((2 ** 32 - start) / stride));
    for (let i = 0; i < count; i++) bits32[i] = start + i * stride;
    kernel(arguments32.byteOffset, results32.byteOffset, count);
    reference(name, count);
    for (let i = 0; i < count; i++) {
      const ideal = exact[i];
      rounded[0] = ideal;
      const idealBits = roundedBits[0], gotBits = resultBits32[i];
      if (ideal !== ideal) {
        if (gotBits !== 0x7fc00000) wrongSpecial++;
        continue;
      }
      if (idealBits !== gotBits) {
        misrounded++;
        const distance = Math.abs((idealBits & 0x7fffffff) - (gotBits & 0x7fffffff));
        if ((idealBits ^ gotBits) >>> 31 !== 0) wrongSpecial++;
        if (distance > apart) apart = distance;
      }
      const field = (idealBits >>> 23) & 255;
      if (field === 255 || ((gotBits >>> 23) & 255) === 255) continue;
      const error = Math.abs(results32[i] - ideal) * unitsPerOne[field];
      if (error > worst) {
        worst = error;
        worstAt = arguments32[i];
      }
    }
    tested += count;
  }
  console.log(
    `${name} float32: ${tested} arguments, most error ${worst.toFixed(4)} units (at ${worstAt}), ` +
      `${misrounded} not the nearest float32 (at most ${apart} away), ${wrongSpecial} wrong signs or NaN bits`,
  );
}

/** Least time of several runs, in ns per element. */
function time(run, elements) {
  let best = Infinity;
  for (let trial = 0; trial < 60; trial++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return ((best * 1e6) / elements).toFixed(2);
}

function speed(name) {
  const count = 1 << 14;
  for (let i = 0; i < count; i++) {
    // Spread evenly over [-6, 6]; log gets (0, 12).
    const value = ((i * 0.6180339887498949) % 1) * 12 - (name === 'log' ? 0 : 6);
    arguments32[i] = value;
    wide[i] = value;
  }
  const single = kernels[`elementwise_${name}_f32`], double = kernels[`elementwise_${name}_f64`];
  const loop = Math[name] ? loopOf(name) : undefined;
  const inJavaScript = loop ? `Math.${name} ${time(() => loop(wide, exact, count), count)}` : 'no Math.' + name;
  console.log(
    `${name}: float32 ${time(() => single(arguments32.byteOffset, results32.byteOffset, count), count)}, ` +
      `float64 ${time(() => double(wide.byteOffset, exact.byteOffset, count), count)}, ${inJavaScript} ns per element`,
  );
}

for (const name of names) {
  if (options.speed) speed(name);
  else sweep(name, Number(options.stride));
}
