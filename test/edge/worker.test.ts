// The example worker under workerd and in Node: the same bodies, the same digests, the same refusals.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHandler } from '../../examples/edge-worker/handler.js';
import { sha256 } from '../../src/core/index.js';
import { loadMnist, openLab, VERSION } from '../../src/index.js';
import { nodeRuntime, packagedMnistFolder, userCacheFolder } from '../../src/runtime/node.js';

const example = new URL('../../examples/edge-worker/', import.meta.url);
const bundler = '../../examples/edge-worker/bundle.mjs';
const starter = '../engines/workerd.mjs';

type Ask = (path: string, init?: RequestInit) => Promise<Response>;
let workerd: { address: string; stop(): Promise<void> };
/** Over HTTP, from the bundle and the compiled module. */
const atTheEdge: Ask = (path, init) => fetch(`${workerd.address}${path}`, init);
/** In this process, from the embedded bytes. */
let inNode: Ask;

beforeAll(async () => {
  const { bundleWorker } = (await import(bundler)) as { bundleWorker(): Promise<string> };
  await bundleWorker();
  const { startWorkerd } = (await import(starter)) as { startWorkerd(config: string, cache: string): Promise<typeof workerd> };
  workerd = await startWorkerd(fileURLToPath(new URL('config.capnp', example)), join(userCacheFolder(), 'engines'));
  const handle = createHandler(await openLab(), await readFile(new URL('model.safetensors', example)));
  inNode = (path, init) => handle(new Request(`http://localhost${path}`, { ...init, duplex: 'half' } as RequestInit));
}, 240_000);
afterAll(() => workerd?.stop());

const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });

/** Asks both and holds their answers together. */
async function both(path: string, init?: RequestInit): Promise<{ status: number; body: Record<string, never>; text: string }> {
  const answers = await Promise.all([atTheEdge(path, init), inNode(path, init)]);
  const [edge, node] = await Promise.all(answers.map(async (answer) => ({
    status: answer.status, type: answer.headers.get('content-type'), allow: answer.headers.get('allow'), text: await answer.text(),
  })));
  expect(edge).toEqual(node);
  return { status: edge!.status, body: JSON.parse(edge!.text), text: edge!.text };
}

/** Vectors [count][length] with ties, signs, large and small values; the same everywhere. */
function madeUpVectors(count: number, length: number): number[][] {
  const value = (i: number) => ((Math.imul(i + 1, 2_654_435_761) >>> 0) / 4_294_967_296 - 0.5) * (i % 7 === 0 ? 1e6 : i % 5 === 0 ? 1e-6 : 1);
  return Array.from({ length: count }, (_, row) => Array.from({ length }, (_, i) => (i % 11 === 0 ? row % 3 : value(row * length + i))));
}

async function testImages(count: number): Promise<{ images: number[][]; labels: number[] }> {
  const { test } = await loadMnist(nodeRuntime().files, { packagedDir: packagedMnistFolder() });
  const images = Array.from({ length: count }, (_, i) => Array.from(test.images.subarray(i * 784, (i + 1) * 784)));
  return { images, labels: Array.from(test.labels.subarray(0, count)) };
}

describe('the worker', () => {
  it('answers many first requests at once as Node does', async () => {
    const requests = Array.from({ length: 24 }, (_, i) =>
      i % 3 === 0 ? both('/') : both('/robust-mean', post({ vectors: madeUpVectors(3 + i, 50 + i), method: i % 2 === 0 ? 'median' : 'mean' })),
    );
    for (const { status } of await Promise.all(requests)) expect(status).toBe(200);
  });

  it('names its version, profile and the hash of its .wasm', async () => {
    const { body } = await both('/');
    const file = await readFile(new URL('../../dist/isolab-strict.wasm', import.meta.url));
    expect(body).toEqual({ isolab: VERSION, profile: 'strict', wasm: await sha256(file) });
  });

  it.each([
    ['mean', {}, [9, 2, -0.5]],
    ['median', {}, [2.5, 1, 0]],
    ['trimmed-mean', { trim: 1 }, [2.5, 1, 0]],
    ['trimmed-mean', { trim: 0 }, [9, 2, -0.5]],
  ])('%s %j of four vectors', async (method, options, result) => {
    const vectors = [[1, 0, 0], [2, 1, -2], [3, 1, 0], [30, 6, 0]];
    const { body } = await both('/robust-mean', post({ vectors, method, ...options }));
    expect(body.result).toEqual(result);
  });

  it.each(['float32', 'float64'] as const)('robust means in %s do not depend on the order of the vectors', async (dtype) => {
    for (const [count, length] of [[1, 1], [2, 9], [25, 1001]] as const) {
      const vectors = madeUpVectors(count, length);
      for (const [method, trim] of [['mean', undefined], ['median', undefined], ['trimmed-mean', Math.trunc((count - 1) / 4)]] as const) {
        const { status, text, body } = await both('/robust-mean', post({ vectors, method, trim, dtype }));
        expect([status, (body.result as number[]).length]).toEqual([200, length]);
        expect((await both('/robust-mean', post({ vectors: vectors.reverse(), method, trim, dtype }))).text).toBe(text);
      }
    }
  });

  it('trims as a plain loop does, and gives the recorded digest', async () => {
    const made = madeUpVectors(25, 1001);
    const { body } = await both('/robust-mean', post({ vectors: made, method: 'trimmed-mean', trim: 6 }));
    const plain = made[0]!.map((_, i) => made.map((vector) => vector[i]!).sort((a, b) => a - b).slice(6, 19).reduce((a, b) => a + b) / 13);
    expect(body.result).toEqual(plain);
    expect(body.digest).toBe('e393afa835147b9b83b8475639c0a185e349ac9084560928cad57a1fa6f29bde');
  });

  it('reads digits with the trained model, flat or in rows, and gives the recorded digest', async () => {
    const { images, labels } = await testImages(100);
    const { body } = await both('/predict', post({ images }));
    const right = (body.predictions as number[]).filter((digit, i) => digit === labels[i]).length;
    expect(right).toBeGreaterThanOrEqual(93);
    expect(body.digest).toBe('1d124b824b3467c43e9277e7a83baed5bff1e8719aa4da15ec84d9d4035ec254');
    const rows = images.map((image) => Array.from({ length: 28 }, (_, row) => image.slice(row * 28, (row + 1) * 28)));
    expect((await both('/predict', post({ images: rows }))).body).toEqual(body);
  });

  it('answers requests of both kinds at once', async () => {
    const { images } = await testImages(20);
    const asked = images.flatMap((image, i) => [
      both('/predict', post({ images: [image] })),
      both('/robust-mean', post({ vectors: madeUpVectors(5 + i, 300), method: 'median' })),
    ]);
    const digests = (await Promise.all(asked)).map(({ body }) => body.digest as string);
    expect(new Set(digests).size).toBe(40);
  });
});

const image = new Array(784).fill(0);
const vectors = [[1, 2], [3, 4], [5, 6]];
const refusals: [what: string, path: string, init: RequestInit, status: number, error: string][] = [
  ['an unknown path', '/means', post({}), 404, 'expected one of /, /robust-mean, /predict, got /means'],
  ['a prototype name', '/constructor', {}, 404, 'expected one of /, /robust-mean, /predict, got /constructor'],
  ['GET for POST', '/predict', {}, 405, 'expected POST /predict, got GET'],
  ['POST for GET', '/', post({}), 405, 'expected GET /, got POST'],
  ['no body', '/predict', { method: 'POST' }, 400, 'expected a body of JSON, got something else'],
  ['broken JSON', '/robust-mean', { method: 'POST', body: '{"vectors":[[1,' }, 400, 'expected a body of JSON, got something else'],
  ['bytes that are no UTF-8', '/robust-mean', { method: 'POST', body: new Uint8Array([0xff, 0xfe]) }, 400, 'expected a body of JSON, got something else'],
  ['a list', '/robust-mean', post([1]), 400, 'expected a JSON object, got [1]'],
  ['an unknown key', '/robust-mean', post({ vectors, how: 'mean' }), 400, 'expected the keys vectors, method, trim, dtype, got "how"'],
  ['no vectors', '/robust-mean', post({ method: 'mean' }), 400, 'expected vectors, a list of at least one vector, got undefined'],
  ['an empty list', '/robust-mean', post({ vectors: [], method: 'mean' }), 400, 'expected vectors, a list of at least one vector, got []'],
  ['an empty vector', '/robust-mean', post({ vectors: [[]], method: 'mean' }), 400, 'expected vectors[0] to be a list of numbers, got []'],
  ['ragged vectors', '/robust-mean', post({ vectors: [[1, 2], [3]], method: 'mean' }), 400, 'expected vectors of one length, 2 as the first, got 1 numbers in vectors[1]'],
  ['NaN, which JSON writes as null', '/robust-mean', post({ vectors: [[1, NaN]], method: 'mean' }), 400, 'expected finite float64 numbers, got null in vectors[0][1]'],
  ['infinity', '/robust-mean', { method: 'POST', body: '{"vectors":[[1e999]],"method":"mean"}' }, 400, 'expected finite float64 numbers, got null in vectors[0][0]'],
  ['a number beyond float32', '/robust-mean', post({ vectors: [[1e39]], method: 'mean', dtype: 'float32' }), 400, 'expected finite float32 numbers, got 1e+39 in vectors[0][0]'],
  ['a text for a number', '/robust-mean', post({ vectors: [['1']], method: 'mean' }), 400, 'expected finite float64 numbers, got "1" in vectors[0][0]'],
  ['a sum that overflows', '/robust-mean', post({ vectors: [[1e308], [1e308]], method: 'mean' }), 400, 'expected vectors whose sum fits float64, got an overflow in coordinate 0'],
  ['another method', '/robust-mean', post({ vectors, method: 'krum' }), 400, 'expected method "mean", "median" or "trimmed-mean", got "krum"'],
  ['another dtype', '/robust-mean', post({ vectors, method: 'mean', dtype: 'int8' }), 400, 'expected dtype "float32" or "float64", got "int8"'],
  ['too much trimmed', '/robust-mean', post({ vectors, method: 'trimmed-mean', trim: 2 }), 400, 'expected trim, a whole number from 0 to 1 for 3 vectors, got 2'],
  ['no trim', '/robust-mean', post({ vectors, method: 'trimmed-mean' }), 400, 'expected trim, a whole number from 0 to 1 for 3 vectors, got undefined'],
  ['trim with a median', '/robust-mean', post({ vectors, method: 'median', trim: 1 }), 400, 'expected trim with method "trimmed-mean" only, got trim 1 with "median"'],
  ['no images', '/predict', post({ images: [] }), 400, 'expected images, a list of at least one image, got []'],
  ['a small image', '/predict', post({ images: [[1, 2, 3]] }), 400, 'expected 784 pixels, or 28 rows of 28, in images[0], got 3 values'],
  ['a pixel of 256', '/predict', post({ images: [image, [...image.slice(1), 256]] }), 400, 'expected pixels that are whole numbers from 0 to 255, got 256 at 783 of images[1]'],
  ['a fraction', '/predict', post({ images: [[0.5, ...image.slice(1)]] }), 400, 'expected pixels that are whole numbers from 0 to 255, got 0.5 at 0 of images[0]'],
  ['too many bytes', '/predict', { method: 'POST', body: ' '.repeat(4 * 1024 * 1024 + 1) }, 400, 'expected a body of at most 4194304 bytes, got more'],
];

describe('the worker refuses', () => {
  it.each(refusals)('%s', async (_, path, init, status, error) => {
    expect(await both(path, init)).toMatchObject({ status, body: { error } });
  });
  it('nothing for what came before', async () => {
    expect((await both('/robust-mean', post({ vectors, method: 'mean' }))).body.result).toEqual([3, 4]);
  });
});
