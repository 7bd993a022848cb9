// The worker's answers, the same bytes wherever it is mounted: at the edge, in Node, in a test.
import { Digest, VERSION, type Lab } from 'isolab/edge';
import { classify, loadClassifier, readImages } from './digit-classifier.js';
import { readObject, RequestError } from './requests.js';
import { readRobustMean, robustMean } from './robust-mean.js';

type Handler = (request: Request) => Promise<Response>;

function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** A flat matrix as a list of its rows. */
function rowsOf(values: Float32Array, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) => Array.from(values.subarray(row * columns, (row + 1) * columns)));
}

/**
 * Answers GET /, POST /robust-mean and POST /predict.
 * @param weights the bytes of model.safetensors
 */
export function createHandler(lab: Lab, weights: Uint8Array): Handler {
  const model = loadClassifier(lab, weights);
  const routes: Record<string, { method: string; respond: Handler }> = {
    '/': {
      method: 'GET',
      respond: async () => answer({ isolab: VERSION, profile: lab.profile, wasm: lab.wasmHash }),
    },
    '/robust-mean': {
      method: 'POST',
      respond: async (request) => {
        const job = readRobustMean(await readObject(request, ['vectors', 'method', 'trim', 'dtype']));
        const result = robustMean(lab, job);
        return answer({ result: Array.from(result), digest: await new Digest().add('result', result).hex() });
      },
    },
    '/predict': {
      method: 'POST',
      respond: async (request) => {
        const { logits, predictions } = classify(lab, model, readImages(await readObject(request, ['images'])));
        const digest = await new Digest().add('logits', logits).hex();
        return answer({ logits: rowsOf(logits, 10), predictions: Array.from(predictions), digest });
      },
    },
  };
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (route === undefined) return answer({ error: `expected one of ${Object.keys(routes).join(', ')}, got ${pathname}` }, 404);
    if (request.method !== route.method) {
      return answer({ error: `expected ${route.method} ${pathname}, got ${request.method}` }, 405, { allow: route.method });
    }
    try {
      return await route.respond(request);
    } catch (error) {
      if (error instanceof RequestError) return answer({ error: error.message }, error.status);
      return answer({ error: (error as Error).message }, 500);
    }
  };
}
