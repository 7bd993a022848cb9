import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server of this test's own on 127.0.0.1. */
export interface FileServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** Path, Range and If-Range of each request so far. */
  readonly requests: string[];
  /** Cuts every connection, as a network does. */
  readonly drop: () => void;
}

export async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.url, request.headers.range, request.headers['if-range']].filter((field) => field !== undefined).join(' '));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, drop: () => server.closeAllConnections() };
}

/** Answers as a good server does: whole, or the range asked for when If-Range fits. */
export function sendFile(bytes: Uint8Array, etag = '"one"'): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const condition = request.headers['if-range'];
    if (range === null || (condition !== undefined && condition !== etag)) {
      response.writeHead(200, { 'content-length': bytes.length, etag });
      response.end(bytes);
      return;
    }
    const from = Number(range[1]);
    response.writeHead(206, { 'content-length': bytes.length - from, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`, etag });
    response.end(bytes.subarray(from));
  };
}

/** Sends `upTo` bytes of those asked for and then nothing more, until the test drops the connection. */
export function sendPart(bytes: Uint8Array, upTo: number, etag = '"one"'): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { 'content-length': bytes.length - from, etag };
    if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    else response.writeHead(200, headers);
    response.write(bytes.subarray(from, from + upTo));
  };
}
