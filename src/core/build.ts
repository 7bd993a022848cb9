import { identities } from './generated/identity.js';

/** `strict`: the same bits on every machine. `fused`: hardware multiply-add, the same bits on every machine that has it. */
export type Profile = 'strict' | 'fused';

/** Which kernels: `core`, those of tensors, random streams and the experiments on images; `all`, every family's. Same bits in both. */
export type KernelSet = 'core' | 'all';

/** A compiled build of the core and what identifies it. */
export interface Build {
  profile: Profile;
  kernels: KernelSet;
  /** SHA-256 of the .wasm, hexadecimal. */
  sha256: string;
  module: WebAssembly.Module;
}

/** What a build has to be; what is left out is the source's choice. */
export interface WantedBuild {
  profile?: Profile | undefined;
  kernels?: KernelSet | undefined;
}

/**
 * Gives a build as wanted.
 * @param shared the module is to import a memory that threads share
 */
export type BuildSource = (wanted: WantedBuild, shared: boolean) => Promise<Build>;

/**
 * Recognises a compiled module by its custom section `isolab`, which assembly/build.mjs writes: edge runtimes hand
 * over modules whose bytes nobody can hash any more.
 * @throws TypeError for anything but a build of this version, or another one than wanted
 */
export function identifyBuild(module: WebAssembly.Module, { profile, kernels }: WantedBuild = {}): Build {
  if (!(module instanceof WebAssembly.Module)) {
    throw new TypeError(`module: expected a WebAssembly.Module such as the import of 'isolab/strict.wasm', got ${module === null ? 'null' : typeof module}`);
  }
  const [section] = WebAssembly.Module.customSections(module, 'isolab');
  const mark = section === undefined ? undefined : new TextDecoder().decode(section);
  const identity = identities.find((known) => known.mark === mark);
  if (identity === undefined) {
    throw new TypeError(
      `module: expected 'isolab/strict.wasm', 'isolab/fused.wasm' or one of '-all' of this version, got ${mark === undefined ? 'a module of something else' : 'a build of another version'}`,
    );
  }
  if (profile !== undefined && profile !== identity.profile) {
    throw new TypeError(`module: expected a build of profile '${profile}', got one of '${identity.profile}'`);
  }
  if (kernels === 'all' && identity.kernels !== 'all') {
    throw new TypeError(`module: expected a build with all kernels such as 'isolab/${identity.profile}-all.wasm', got one with the core's`);
  }
  return { profile: identity.profile, kernels: identity.kernels, sha256: identity.sha256, module };
}

/** A source that gives a module handed in. It throws a TypeError when threads are to share its memory. */
export function moduleSource(module: WebAssembly.Module): BuildSource {
  return async (wanted, shared) => {
    if (shared) throw new TypeError('threads: expected 1 with a module handed in, which imports a memory of its own, got more; leave out the module');
    return identifyBuild(module, wanted);
  };
}
