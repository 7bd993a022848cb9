// Factorizations, random matrices and statistics in float64, across the borders of blocks.
import { Digest, type Core } from '../core/index.js';
import { fitGaussian, gaussianity } from '../moments/gaussianity.js';
import { NormalSampler, RunningMoments } from '../moments/monte-carlo.js';
import { definite, ring } from '../moments/random-matrices.js';
import { sqrtm } from '../moments/square-root.js';
import { hypothesisTest, kurtosisTest, skewnessTest } from '../moments/statistics.js';
import { Generator } from '../random/index.js';
import { cholesky, qr, svd, symmetricEigen, symmetricEigenvalues } from '../matrices/index.js';
import { Stepper, sum, type Tape } from '../tensor/index.js';
import type { Case } from './operation-cases.js';

/** A step with a generator of its own, whose memory goes at its end. */
function matrixCase(name: string, body: (tape: Tape, generator: Generator, digest: Digest) => void): Case {
  return {
    name,
    run: async (core: Core) => {
      const digest = new Digest();
      const generator = new Generator(core, 27);
      const stepper = new Stepper(core);
      stepper.step((tape) => body(tape, generator, digest));
      stepper.dispose();
      generator.dispose();
      return digest.hex();
    },
  };
}

const normal = (tape: Tape, generator: Generator, shape: number[]) => generator.fillNormal(tape.empty(shape, 'float64', 'normals'), 0, 1);

const factorizations: Case[] = [
  matrixCase('matrix: Cholesky', (tape, generator, digest) => {
    for (const size of [1, 7, 133]) digest.add(`${size}`, cholesky(tape, definite(tape, generator, size)).toArray());
  }),
  matrixCase('matrix: QR', (tape, generator, digest) => {
    for (const shape of [[5, 5], [90, 71], [40, 75]]) {
      const { q, r } = qr(tape, normal(tape, generator, shape));
      digest.add(`q ${shape}`, q.toArray()).add(`r ${shape}`, r.toArray());
    }
  }),
  matrixCase('matrix: symmetric eigenvalues', (tape, generator, digest) => {
    for (const size of [1, 6, 101]) {
      const matrix = definite(tape, generator, size, { norm: 3, batch: 2 });
      const { values, vectors } = symmetricEigen(tape, matrix);
      digest.add(`values ${size}`, values.toArray()).add(`vectors ${size}`, vectors.toArray());
      digest.add(`values alone ${size}`, symmetricEigenvalues(tape, matrix).toArray());
    }
  }),
  matrixCase('matrix: singular values', (tape, generator, digest) => {
    for (const shape of [[9, 4], [17, 33]]) {
      const { u, values, v } = svd(tape, normal(tape, generator, shape));
      digest.add(`u ${shape}`, u.toArray()).add(`values ${shape}`, values.toArray()).add(`v ${shape}`, v.toArray());
    }
  }),
  matrixCase('matrix: square root and its gradient', (tape, generator, digest) => {
    const matrix = definite(tape, generator, 13, { batch: 2, trace: 5 });
    matrix.requiresGrad = true;
    const root = sqrtm(tape, matrix);
    tape.backward(sum(tape, root));
    digest.add('root', root.toArray()).add('gradient', matrix.grad!.toArray());
  }),
];

const samples: Case[] = [
  matrixCase('samples: noise on a ring, normal samples and their moments', (tape, generator, digest) => {
    digest.add('ring', ring(tape, generator, [3, 5], { sigma: 0.7, tolerance: 0.2, batch: 4 }).toArray());
    const covariance = definite(tape, generator, 5, { norm: 2 });
    const sampler = new NormalSampler([1, -1, 0, 2, 0.5], covariance);
    const running = new RunningMoments(tape.core, 5, { covariance: true });
    for (const count of [100, 37]) running.add(sampler.draw(tape, generator, count));
    for (const [name, values] of Object.entries(running.estimate())) digest.add(name, typeof values === 'number' ? [values] : (values as Float64Array));
    running.dispose();
    sampler.dispose();
  }),
  matrixCase('samples: fit and tests of normality', (tape, generator, digest) => {
    const { core } = tape;
    const rows = normal(tape, generator, [201, 3]);
    digest.add('gaussianity', gaussianity(core, rows, { threshold: 1e-5 }));
    const values = rows.toArray();
    const fit = fitGaussian(core, values);
    digest.add('pdf', fit.pdf).add('fit', fit.fit);
    for (const test of [skewnessTest, kurtosisTest, hypothesisTest]) {
      const { statistic, pValue } = test(core, values);
      digest.add('statistic and p', [statistic, pValue]);
    }
  }),
];

export const matrixCases: readonly Case[] = [...factorizations, ...samples];
