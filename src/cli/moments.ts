import { Command } from 'commander';
import type { CliContext } from './context.js';
import { constrainedCommand } from './moments-constrained.js';
import { covarianceCommand } from './moments-covariance.js';
import { gaussianityCommand } from './moments-gaussianity.js';
import { lenetCommand } from './moments-lenet.js';
import { profileCommand } from './moments-profile.js';
import { propagateCommand } from './moments-propagate.js';
import { robustnessCommand } from './moments-robustness.js';
import { tightnessCommand } from './moments-tightness.js';

/** `isolab moments`: Gaussian inputs through networks, one subcommand for each experiment. */
export function momentsCommand(context: CliContext): Command {
  return new Command('moments')
    .description('Gaussian moments through networks: the experiments, and the moments of a network of yours')
    .addCommand(profileCommand(context))
    .addCommand(covarianceCommand(context))
    .addCommand(tightnessCommand(context))
    .addCommand(constrainedCommand(context))
    .addCommand(lenetCommand(context))
    .addCommand(gaussianityCommand(context))
    .addCommand(robustnessCommand(context))
    .addCommand(propagateCommand(context));
}
