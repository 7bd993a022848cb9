import type { Core, Profile } from '../core/index.js';
import { wideAggregationCases } from './aggregation-cases.js';
import { byzantineCases } from './byzantine-cases.js';
import { expectedDigests } from './expected.js';
import { operationCases, type Case } from './operation-cases.js';
import { runCases } from './run-cases.js';
import { matrixCases } from './matrix-cases.js';
import { momentFunctionCases } from './moment-function-cases.js';
import { momentLenetCases } from './moment-lenet-cases.js';
import { momentNetworkCases } from './moment-network-cases.js';
import { momentRunCases } from './moment-run-cases.js';
import { recurrentCases } from './recurrent-cases.js';
import { translationCases } from './translation-cases.js';
import { wideOperationCases } from './wide-cases.js';

export { expectedDigests } from './expected.js';
export { madeUpDataset } from './made-up.js';
export { shortRun } from './run-cases.js';
export type { Case } from './operation-cases.js';

/** Cases large enough for threads to share; they take a core with all kernels. */
export const wideCases: readonly Case[] = [...wideOperationCases, ...wideAggregationCases];

/** Cases of kernels that only a core with all kernels has. */
const casesOfAll: readonly Case[] = [...wideAggregationCases, ...byzantineCases, ...matrixCases, ...momentFunctionCases, ...momentNetworkCases, ...momentRunCases, ...momentLenetCases, ...recurrentCases, ...translationCases];

/** Every shipped case: all families of ops, small and large enough for threads to share, then one short run of each model kind. */
export const shippedCases: readonly Case[] = [...operationCases, ...wideOperationCases, ...runCases, ...casesOfAll];

/** The shipped cases that a core has the kernels for. */
export function casesFor(core: Core): readonly Case[] {
  return core.kernelSet === 'all' ? shippedCases : shippedCases.filter((one) => !casesOfAll.includes(one));
}

export interface CaseOutcome {
  name: string;
  digest: string;
  /** Undefined when the case has no recorded digest for this profile. */
  expected: string | undefined;
  holds: boolean;
}

/** Runs cases, by default all that the core has the kernels for, one after the other. */
export async function* verifyCases(core: Core, cases: readonly Case[] = casesFor(core)): AsyncGenerator<CaseOutcome> {
  const known: Record<string, string> = expectedDigests[core.profile as Profile];
  for (const { name, run } of cases) {
    const digest = await run(core);
    yield { name, digest, expected: known[name], holds: digest === known[name] };
  }
}
