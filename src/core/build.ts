import { identities } from './generated/identity.js';

/** `strict`: the same bits on every machine. `fused`: hardware multiply-add, the same bits on every machine that has it. */
export type Profile = 'strict' | 'fused';

/** A compiled build of the core and what identifies it. */
export interface Build {
  profile: Profile;
  /** SHA-256 of the .wasm, hexadecimal. */
  sha256: string;
  module: WebAssembly.Module;
}

/**
 * Gives the build of a profile; undefined leaves the choice to the source.
 * @param shared the module is to import a memory that threads share
 */
export type BuildSource = (profile: Profile | undefined, shared: boolean) => Promise<Build>;

/**
 * Recognises a compiled module by its custom section `isolab`, which assembly/build.mjs writes: edge runtimes hand
 * over modules whose bytes nobody can hash any more.
 * @param profile what the caller asked for, if anything
 * @throws TypeError for anything but a build of this version, or one of another profile than asked for
 */
export function identifyBuild(module: WebAssembly.Module, profile?: Profile): Build {
  if (!(module instanceof WebAssembly.Module)) {
    throw new TypeError(`module: expected a WebAssembly.Module such as the import of 'isolab/strict.wasm', got ${module === null ? 'null' : typeof module}`);
  }
  const [section] = WebAssembly.Module.customSections(module, 'isolab');
  const mark = section === undefined ? undefined : new TextDecoder().decode(section);
  const identity = identities.find((known) => known.mark === mark);
  if (identity === undefined) {
    throw new TypeError(
      `module: expected 'isolab/strict.wasm' or 'isolab/fused.wasm' of this version, got ${mark === undefined ? 'a module of something else' : 'a build of another version'}`,
    );
  }
  if (profile !== undefined && profile !== identity.profile) {
    throw new TypeError(`module: expected a build of profile '${profile}', got one of '${identity.profile}'`);
  }
  return { profile: identity.profile, sha256: identity.sha256, module };
}

/** A source that gives a module handed in. It throws a TypeError when threads are to share its memory. */
export function moduleSource(module: WebAssembly.Module): BuildSource {
  return async (profile, shared) => {
    if (shared) throw new TypeError('threads: expected 1 with a module handed in, which imports a memory of its own, got more; leave out the module');
    return identifyBuild(module, profile);
  };
}
