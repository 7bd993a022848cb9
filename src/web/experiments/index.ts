// The experiments of the page, in the order in which it offers them. Another one is a file beside these and a line here.
import type { LabExperiment } from '../experiment.js';
import { alignment } from './alignment.js';
import { byzantine } from './byzantine.js';
import { constrained } from './moments-constrained.js';
import { covariance } from './moments-covariance.js';
import { gaussianity } from './moments-gaussianity.js';
import { lenet } from './moments-lenet.js';
import { profile } from './moments-profile.js';
import { robustness } from './moments-robustness.js';
import { tightness } from './moments-tightness.js';
import { splitHead } from './splithead.js';
import { translation } from './translation.js';

export const EXPERIMENTS: readonly LabExperiment[] = [splitHead, alignment, byzantine, tightness, covariance, constrained, lenet, gaussianity, robustness, profile, translation];

/** @throws RangeError for a name that none has */
export function experimentNamed(name: string): LabExperiment {
  const found = EXPERIMENTS.find((experiment) => experiment.name === name);
  if (found === undefined) throw new RangeError(`experiment: expected one of ${EXPERIMENTS.map((each) => each.name).join(', ')}, got ${JSON.stringify(name)}`);
  return found;
}
