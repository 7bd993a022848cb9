/** A model, corpus or option that cannot be used: one sentence with what was expected and what came. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
}
