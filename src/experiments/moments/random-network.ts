import type { Core } from '../../core/index.js';
import { activationLayer, activationMoments, linearLayer, MomentNetwork } from '../../moments/index.js';
import { Linear } from '../../nn/index.js';
import type { Generator } from '../../random/index.js';
import { Tensor } from '../../tensor/index.js';

type Parameters = readonly (readonly [weight: Tensor, bias: Tensor | null])[];

/** Linear layers with ReLU between them, freshly initialised. */
export interface RandomNetwork {
  /** The network with the covariance of ReLU as `relu:covariance=` names it; all of them share the parameters. */
  network(covariance: 'exact' | 'pasted'): MomentNetwork;
  /** Place of the last ReLU among its layers. */
  readonly lastActivation: number;
  dispose(): void;
}

function widened(core: Core, tensor: Tensor): Tensor {
  return Tensor.from(core, tensor.toArray(), tensor.shape, 'float64', 'parameter');
}

/** PyTorch's `nn.Linear(...)`, drawn in float32, then `.double()`. */
function drawLinear(core: Core, generator: Generator, inputs: number, outputs: number, bias: boolean): Parameters[number] {
  const layer = new Linear(core, inputs, outputs, { bias });
  layer.initialize(generator);
  const parameters = [widened(core, layer.weight), layer.bias === null ? null : widened(core, layer.bias)] as const;
  layer.dispose();
  return parameters;
}

function build(parameters: Parameters, inputs: number, covariance: string): MomentNetwork {
  const relu = activationLayer(activationMoments(`relu:covariance=${covariance}`));
  const layers = parameters.flatMap(([weight, bias]) => [linearLayer(weight, bias), relu]).slice(0, -1);
  return new MomentNetwork(layers, [inputs]);
}

/**
 * A network as the notebook makes them: PyTorch's default initialisation from the generator's stream.
 * @param widths of the input, then of each layer's result: at least one layer
 * @param bias whether the first layer has one; the others have
 */
export function drawNetwork(core: Core, generator: Generator, widths: readonly number[], bias = true): RandomNetwork {
  const parameters = widths.slice(1).map((outputs, index) => drawLinear(core, generator, widths[index]!, outputs, bias || index > 0));
  return {
    network: (covariance) => build(parameters, widths[0]!, covariance),
    lastActivation: 2 * parameters.length - 3,
    dispose() {
      for (const tensor of parameters.flat()) tensor?.dispose();
    },
  };
}
