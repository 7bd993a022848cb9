import { Command } from 'commander';
import { constrainedExperiment } from '../runs/moments-constrained.js';
import { covarianceExperiment } from '../runs/moments-covariance.js';
import { gaussianityExperiment } from '../runs/moments-gaussianity.js';
import { profileExperiment } from '../runs/moments-profile.js';
import { robustnessExperiment } from '../runs/moments-robustness.js';
import { tightnessExperiment } from '../runs/moments-tightness.js';
import type { CliContext } from './context.js';
import { momentExperimentCommand } from './moments-experiment.js';
import { lenetCommand } from './moments-lenet.js';
import { propagateCommand } from './moments-propagate.js';

/** `isolab moments`: Gaussian inputs through networks, one subcommand for each experiment. */
export function momentsCommand(context: CliContext): Command {
  return new Command('moments')
    .description('Gaussian moments through networks: the experiments, and the moments of a network of yours')
    .addCommand(momentExperimentCommand(context, profileExperiment))
    .addCommand(momentExperimentCommand(context, covarianceExperiment))
    .addCommand(momentExperimentCommand(context, tightnessExperiment))
    .addCommand(momentExperimentCommand(context, constrainedExperiment))
    .addCommand(lenetCommand(context))
    .addCommand(momentExperimentCommand(context, gaussianityExperiment))
    .addCommand(momentExperimentCommand(context, robustnessExperiment))
    .addCommand(propagateCommand(context));
}
