// Networks against PyTorch and network_moments (test/reference/moments.py).
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import {
  adf, adfJoint, adfLinearized, affineCovariance, affineMarginals, affineMean, affineVariance, differential, directionalDerivatives, firstLayerLoss,
  firstLayerMean, gaussianRobustness, inputRange, jacobian, linearize, oneStage, twoStage, type Joint, type Marginals,
} from '../../src/moments/index.js';
import { diagonal } from '../../src/moments/diagonal.js';
import { requireCovariance } from '../../src/moments/covariance-check.js';
import { add, mul, sum, Tensor, type Tape } from '../../src/tensor/index.js';
import {
  expectClose, fixture, jointOf, marginalsOf, networkOf, step, tensorOf, type Form, type LayerDescription, type NetworkCase, type Numbers,
} from './network-fixture.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

/** Sums of a few dozen products in another order. */
const EXACT = 1e-10;
/**
 * The trick divides by 1000 and multiplies again: values known to 2e-16 become known to some 1e-12 times the largest
 * direction, and its square root of a nearly singular covariance is known to 1e-8 in the directions that hardly matter.
 */
const TRICK = 1e-9;
const toleranceOf = ({ derivative }: Form) => (derivative === 'trick' ? TRICK : EXACT);

interface AffineCase {
  name: string;
  matrix: Numbers; offset: Numbers; mean: Numbers; covariance: Numbers; variance: Numbers; scalar: number;
  outputMean: Numbers; outputMeanWithoutOffset: Numbers;
  fromCovariance: { covariance: Numbers; variance: Numbers }; fromVariance: { covariance: Numbers; variance: Numbers }; fromScalar: { covariance: Numbers; variance: Numbers };
}

describe('affine moments', () => {
  it.each(fixture.affine as AffineCase[])('$name', (given) => step(core, (tape) => {
    const [matrix, offset] = [tensorOf(tape, given.matrix), tensorOf(tape, given.offset, given.offset.shape)];
    const joint = jointOf(tape, given), marginals = marginalsOf(tape, given);
    expectClose(affineMean(tape, joint.mean, matrix, offset), given.outputMean, EXACT);
    expectClose(affineMean(tape, joint.mean, matrix, null), given.outputMeanWithoutOffset, EXACT);
    expectClose(affineCovariance(tape, matrix, joint.covariance), given.fromCovariance.covariance, EXACT);
    expectClose(affineVariance(tape, matrix, joint.covariance), given.fromCovariance.variance, EXACT);
    expectClose(affineCovariance(tape, matrix, marginals.variance), given.fromVariance.covariance, EXACT);
    expectClose(affineVariance(tape, matrix, marginals.variance), given.fromVariance.variance, EXACT);
    expectClose(affineMarginals(tape, marginals, matrix, offset).variance, given.fromVariance.variance, EXACT);
    // One variance for all has no batch of its own.
    const first = ({ values, shape }: Numbers) => values.slice(0, values.length / shape[0]!);
    expectClose(affineCovariance(tape, matrix, given.scalar), first(given.fromScalar.covariance), EXACT);
    expectClose(affineVariance(tape, matrix, given.scalar), first(given.fromScalar.variance), EXACT);
  }));
});

interface BatchMoments {
  name: string; derivative: 'weight' | 'jacobian' | 'trick'; weight: Numbers; bias: Numbers; mean: Numbers; covariance?: Numbers; variance?: Numbers;
  outputMean: Numbers; outputCovariance: Numbers; outputVariance: Numbers;
}

/** The samples once for each of `batch`, where the library takes one for all. */
function repeatedTo({ shape, values }: Numbers, batch: number): Numbers {
  return { shape: [batch, ...shape.slice(1)], values: shape[0] === batch ? values : Array.from({ length: batch }, () => values).flat() };
}

describe('batch moments of a linear layer', () => {
  it.each(fixture.affineBatchMoments as BatchMoments[])('$name', (given) => step(core, (tape) => {
    const batch = Math.max(given.mean.shape[0]!, (given.covariance ?? given.variance)!.shape[0]!);
    const network = networkOf(core, [{ kind: 'linear', weight: given.weight, bias: given.bias }], [given.weight.shape[1]!]);
    const options = { derivative: given.derivative === 'weight' ? undefined : given.derivative };
    const mean = tensorOf(tape, repeatedTo(given.mean, batch));
    if (given.covariance !== undefined) {
      const covariance = repeatedTo(given.covariance, batch);
      const output = oneStage(tape, network, { mean, covariance: tensorOf(tape, covariance, covariance.shape) }, options);
      expectClose(output.mean, repeatedTo(given.outputMean, batch), EXACT);
      expectClose(output.covariance, repeatedTo(given.outputCovariance, batch), TRICK);
      return;
    }
    const output = oneStage(tape, network, { mean, variance: tensorOf(tape, repeatedTo(given.variance!, batch)) }, options);
    expectClose(output.variance, repeatedTo(given.outputVariance, batch), TRICK);
  }));
});

interface TwoLayers {
  mean: Numbers; covariance: Numbers; first: Numbers; firstOffset: Numbers; second: Numbers; secondOffset: Numbers;
  outputMean: Numbers; zeroMeanCovariance: Numbers; zeroMeanVariance: Numbers;
}

describe('affine, ReLU, affine', () => {
  it.each(fixture.affineReluAffine as TwoLayers[])('$name', (given) => step(core, (tape) => {
    const around = (first: LayerDescription) => networkOf(core, [first, { kind: 'relu' }, { kind: 'linear', weight: given.second, bias: given.secondOffset }], inputOf(given.mean));
    const joint = jointOf(tape, given);
    expectClose(adfJoint(tape, around({ kind: 'linear', weight: given.first, bias: given.firstOffset }), joint).mean, given.outputMean, EXACT);
    // The special case: a ReLU whose inputs have mean 0, where the library's covariance is exact too.
    const centred = { mean: tape.from(new Float64Array(joint.mean.size), joint.mean.shape, 'float64'), covariance: joint.covariance };
    const { covariance } = adfJoint(tape, around({ kind: 'linear', weight: given.first, bias: null }), centred);
    expectClose(covariance, given.zeroMeanCovariance, EXACT);
    expectClose(diagonal(tape, covariance), given.zeroMeanVariance, EXACT);
  }));
});

/** Features of an input without its batch. */
const inputOf = (mean: Numbers) => mean.shape.slice(1);
/** As in the library, whose covariance after a ReLU is the zero-mean formula with the exact variances pasted in. */
const networkLike = (given: { layers: LayerDescription[]; mean: Numbers }) => networkOf(core, given.layers, inputOf(given.mean), 'relu:covariance=pasted');

type Run = <M extends Marginals | Joint>(input: M) => M;

function expectFull({ mean, covariance }: Joint, form: Form): void {
  const tolerance = toleranceOf(form);
  expectClose(mean, form.full.mean, tolerance, 'full mean');
  expectClose(covariance, form.full.covariance, tolerance, 'full covariance');
}

function expectIndependent({ mean, variance }: Marginals, form: Form): void {
  const tolerance = toleranceOf(form);
  expectClose(mean, form.independent.mean, tolerance, 'independent mean');
  expectClose(variance, form.independent.variance, tolerance, 'independent variance');
}

/** The pasted covariance need not be semidefinite; then the library's next variances are below 0, and its ReLU gives NaN. */
const isNaNThere = ({ full }: Form) => full.covariance.values.includes(null as unknown as number);

function expectForm(form: Form, run: Run, marginals: Marginals, joint: Joint): void {
  expectIndependent(run(marginals), form);
  if (!isNaNThere(form)) expectFull(run(joint), form);
}

/** Whether covariances are such; the library's trick takes the root of others as if their negative eigenvalues were positive. */
function isSemidefinite(covariance: Tensor): boolean {
  try {
    requireCovariance('covariance', covariance);
    return true;
  } catch {
    return false;
  }
}

const networks = fixture.adf as NetworkCase[];
const isAlternating = ({ layers }: NetworkCase) => layers.every(({ kind }, index) => kind === (index % 2 === 0 ? 'linear' : 'relu'));

describe('forward', () => {
  it.each(networks)('$name', (given) => step(core, (tape) => {
    expectClose(networkLike(given).forward(tape, tensorOf(tape, given.mean)), given.forward, EXACT);
  }));
});

describe('assumed density filtering', () => {
  it.each(networks)('between activations linearised: $name', (given) => step(core, (tape) => {
    for (const form of given.forms) {
      const { derivative } = form;
      expectForm(form, (input) => adfLinearized(tape, networkLike(given), input, { derivative }), marginalsOf(tape, given), jointOf(tape, given));
    }
  }));

  it.each(networks.filter(isAlternating))('layer by layer: $name', (given) => step(core, (tape) => {
    const [form] = given.forms as [Form, ...Form[]];
    const network = networkLike(given);
    expectIndependent(adf(tape, network, marginalsOf(tape, given)), form);
    if (!isNaNThere(form)) expectFull(adfJoint(tape, network, jointOf(tape, given)), form);
    // With the exact covariance of ReLU there is nothing to go wrong.
    const exact = adfJoint(tape, networkOf(core, given.layers, inputOf(given.mean)), jointOf(tape, given)).covariance;
    expect(isSemidefinite(exact)).toBe(true);
  }));

  it('is compared with the library where the library gives numbers, which is in most cases', () => {
    expect(networks.flatMap(({ forms }) => forms).filter(isNaNThere).length).toBeLessThan(networks.length / 2);
  });
});

describe('linearisation', () => {
  const named = (name: string) => networks.find((network) => network.name === name)!;

  it.each(fixture.twoStage as { name: string; activation: number; forms: Form[] }[])('two stages around layer $activation: $name', ({ name, activation, forms }) =>
    step(core, (tape) => {
      const given = named(name);
      for (const form of forms) {
        const { derivative } = form;
        const run: Run = (input) => twoStage(tape, networkLike(given), input, { activation, derivative });
        const kept = twoStage(tape, networkLike(given).slice(0, activation + 1), jointOf(tape, given), { activation }).covariance;
        // No root is taken where one linear layer follows.
        const isLast = activation + 2 === given.layers.length;
        if (derivative === 'jacobian' || isLast || isSemidefinite(kept)) {
          expectForm(form, run, marginalsOf(tape, given), jointOf(tape, given));
          continue;
        }
        expectIndependent(run(marginalsOf(tape, given)), form);
        expect(() => expectFull(run(jointOf(tape, given)), form)).toThrow();
      }
    }));

  it.each(fixture.oneStage as { name: string; forms: Form[] }[])('one stage: $name', ({ name, forms }) => step(core, (tape) => {
    const given = named(name);
    for (const form of forms) {
      const { derivative } = form;
      expectForm(form, (input) => oneStage(tape, networkLike(given), input, { derivative }), marginalsOf(tape, given), jointOf(tape, given));
    }
  }));

  it.each(fixture.linearize as { name: string; layers: LayerDescription[]; at: Numbers; jacobian: Numbers; offset: Numbers }[])('$name', (given) =>
    step(core, (tape) => {
      const result = linearize(tape, networkOf(core, given.layers, inputOf(given.at)), tensorOf(tape, given.at));
      expect(result.jacobian.shape).toEqual(given.jacobian.shape);
      expectClose(result.jacobian, given.jacobian, EXACT);
      expectClose(result.offset, given.offset, EXACT);
    }));

  interface Directions { name: string; layers: LayerDescription[]; at: Numbers; x: Numbers; eps: number; output: Numbers; exact: Numbers }
  it.each(fixture.directionalDerivatives as Directions[])('along directions: $name, eps $eps', (given) => step(core, (tape) => {
    const network = networkOf(core, given.layers, inputOf(given.at));
    const [at, rows] = [tensorOf(tape, given.at), tensorOf(tape, given.x, [1, ...given.x.shape])];
    // a is up to 3e4, and the difference of two values of order 1 is known to 2e-16.
    expectClose(directionalDerivatives(tape, (own, x) => network.forward(own, x), at, rows, given.eps), given.output, 1e-10);
    expectClose(differential(tape, network, at, rows), given.exact, EXACT);
  }));

  interface ThreeWays { name: string; layers: LayerDescription[]; mean: Numbers; covariance: Numbers; jacobian: Numbers; byJacobian: Numbers; byTrick: Numbers }
  it.each(fixture.covarianceByThreeWays as ThreeWays[])('covariance by Jacobian, cache and trick: $name', (given) => step(core, (tape) => {
    const network = networkOf(core, given.layers, given.mean.shape);
    const joint = { mean: tensorOf(tape, given.mean, [1, ...given.mean.shape]), covariance: tensorOf(tape, given.covariance, [1, ...given.covariance.shape]) };
    const cache = jacobian(tape, network, joint.mean);
    expectClose(cache, given.jacobian, EXACT);
    expectClose(affineCovariance(tape, cache, joint.covariance), given.byJacobian, EXACT);
    expectClose(oneStage(tape, network, joint).covariance, given.byJacobian, EXACT);
    expectClose(oneStage(tape, network, joint, { derivative: 'trick' }).covariance, given.byTrick, TRICK);
  }));
});

/** Gradients of a network's parameters by the fixture's names: layer.weight, layer.bias. */
function expectParameterGradients(layers: readonly LayerDescription[], parameters: readonly Tensor[], gradients: Record<string, Numbers>): void {
  const names = layers.flatMap(({ weight, bias }, index) => [...(weight === undefined ? [] : [`${index}.weight`]), ...(bias == null ? [] : [`${index}.bias`])]);
  expect(names).toHaveLength(parameters.length);
  names.forEach((name, index) => expectClose(parameters[index]!.grad!, gradients[name]!, EXACT, name));
}

describe('training through the moments', () => {
  interface FirstLayer {
    name: string; layers: LayerDescription[]; mean: Numbers; variance: Numbers; scalar: number;
    outputMean: Numbers; outputMeanOfScalar: Numbers; loss: number; gradients: Record<string, Numbers>;
  }
  it.each(fixture.firstLayerMean as FirstLayer[])('mean after a noisy first layer: $name', (given) => step(core, (tape) => {
    const network = networkOf(core, given.layers, inputOf(given.mean));
    const parameters = network.parameters();
    const mean = tensorOf(tape, given.mean);
    expectClose(firstLayerMean(tape, network, mean, tensorOf(tape, given.variance, [given.variance.values.length])), given.outputMean, EXACT);
    expectClose(firstLayerMean(tape, network, mean, given.scalar), given.outputMeanOfScalar, EXACT);
    for (const parameter of parameters) parameter.requiresGrad = true;
    const loss = firstLayerLoss(tape, network, mean);
    expectClose(loss, [given.loss], EXACT);
    tape.backward(loss);
    expectParameterGradients(given.layers, parameters, given.gradients);
  }));

  interface Gradients {
    name: string; layers: LayerDescription[]; mean: Numbers; variance: Numbers; outputMean: Numbers; outputVariance: Numbers;
    meanWeights: Numbers; varianceWeights: Numbers; value: number; gradients: Record<string, Numbers>;
  }
  it.each(fixture.adfGradients as Gradients[])('gradients of independent ADF: $name', (given) => step(core, (tape: Tape) => {
    const network = networkOf(core, given.layers, inputOf(given.mean));
    const parameters = network.parameters();
    const input = marginalsOf(tape, given);
    for (const tensor of [...parameters, input.mean, input.variance]) tensor.requiresGrad = true;
    const output = adf(tape, network, input);
    const weighted = (tensor: Tensor, weights: Numbers) => sum(tape, mul(tape, tensor, tensorOf(tape, weights)));
    const value = add(tape, weighted(output.mean, given.meanWeights), weighted(output.variance, given.varianceWeights));
    expectClose(value, [given.value], EXACT);
    tape.backward(value);
    const { mean, variance, ...rest } = given.gradients as Record<string, Numbers> & { mean: Numbers; variance: Numbers };
    expectParameterGradients(given.layers, parameters, rest);
    expectClose(input.mean.grad!, mean, EXACT, 'mean');
    expectClose(input.variance.grad!, variance, EXACT, 'variance');
  }));
});

describe('robustness', () => {
  interface RobustnessCase {
    name: string; layers: LayerDescription[]; images: Numbers; batch: number; inputDeviations: number[]; inputRange: number;
    levels: [number, number, number]; sigmas: Numbers; agreement: Numbers; robustness: number;
  }
  it.each((fixture.robustness as RobustnessCase[]).filter(({ name }) => name.endsWith('float64')))('$name', (given) => {
    const [count, ...shape] = given.images.shape as [number, ...number[]];
    const network = networkOf(core, given.layers, shape);
    const images = Tensor.from(core, given.images.values, given.images.shape, 'float64');
    const [from, to, levels] = given.levels;
    const range = inputRange(given.inputDeviations);
    expect(range).toBeCloseTo(given.inputRange, 12);
    const result = gaussianRobustness((tape, x) => network.forward(tape, x.view([x.shape[0]!, x.size / x.shape[0]!])), images, {
      levels: { from, to, count: levels }, inputRange: range, batch: given.batch,
    });
    expectClose(result.sigmas, given.sigmas, 1e-15);
    // Counts of images, so equal but for the division.
    expectClose(result.agreement, given.agreement, 1e-12);
    expectClose([result.robustness], [given.robustness], 1e-12);
    expect(count).toBeGreaterThan(0);
    images.dispose();
  });
});

describe('faults of the library', () => {
  it('returns nothing for the mean alone; here it is asked for by reading it', () => step(core, (tape) => {
    const fault = (fixture.faults as { name: string }[]).find(({ name }) => name.startsWith('ADF: mean alone')) as unknown as
      { layers: LayerDescription[]; mean: Numbers; variance: Numbers; faulty: { mean: null }; right: { mean: Numbers; covariance: Numbers } };
    expect(fault.faulty.mean).toBeNull();
    const moments = adf(tape, networkOf(core, fault.layers, inputOf(fault.mean)), marginalsOf(tape, fault));
    expectClose(moments.mean, fault.right.mean, EXACT);
    expectClose(moments.variance, fault.right.covariance, EXACT);
  }));

  it('linearises rows as if there were one; here each has its own map', () => step(core, (tape) => {
    const fault = (fixture.faults as { name: string }[]).find(({ name }) => name.startsWith('lin_at_x')) as unknown as
      { layers: LayerDescription[]; at: Numbers; x: Numbers; faulty: Numbers; right: Numbers };
    const network = networkOf(core, fault.layers, inputOf(fault.at));
    const { jacobian: matrix, offset } = linearize(tape, network, tensorOf(tape, fault.at));
    const values = affineMean(tape, tensorOf(tape, fault.x), matrix.view(matrix.shape.slice(1)), offset.view([network.outputs]));
    expectClose(values, fault.right, 1e-9);
    expect(() => expectClose(values, fault.faulty, 1e-3)).toThrow();
  }));
});
