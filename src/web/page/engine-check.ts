// What this browser lacks, in sentences, before anything is tried.

/** A module of one function that uses a 128-bit vector: (func (result v128) i32.const 0 i8x16.splat). */
const VECTOR_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);

/** Why no experiment can run here; undefined where all can. */
export function whatIsMissing(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'This browser has no WebAssembly, which the experiments compute with: it may be switched off in its settings, or in a hardened mode.';
  if (!WebAssembly.validate(VECTOR_MODULE)) return 'This browser’s WebAssembly has no SIMD, which the experiments compute with: any browser since 2023 on a processor with SSE4.1 or Neon has it.';
  if (navigator.storage?.getDirectory === undefined) return 'This browser keeps no files for pages, which runs are kept in: use a current browser, over https or localhost.';
  return undefined;
}

/** Why only one thread computes; undefined where several do. */
export function whyOneThread(): string | undefined {
  if (globalThis.crossOriginIsolated && typeof SharedArrayBuffer !== 'undefined') return undefined;
  return 'One thread computes here, since the page shares no memory with its workers (it is not cross-origin isolated). The bits are the same.';
}
