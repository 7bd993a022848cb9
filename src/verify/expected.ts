// Digests of the shipped cases, made by `npm run digests`. They change only in a commit that says why.
export const expectedDigests: Record<'strict' | 'fused', Record<string, string>> = { strict: {}, fused: {} };
