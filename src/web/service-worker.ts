// Keeps the page for use without a network, and sends the headers that make it cross-origin isolated where its host does not.
// A new version takes over when all tabs of the old one are closed: never half of each.

interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface RequestEvent extends LastingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Scope {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  addEventListener(name: 'install' | 'activate', listener: (event: LastingEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: RequestEvent) => void): void;
}

/** The page's files and their hash, put in by the build. */
declare const PAGE_FILES: readonly string[];
declare const PAGE_VERSION: string;
declare const PAGE_HEADERS: Readonly<Record<string, string>>;

const scope = globalThis as unknown as Scope;
const PREFIX = 'isolab page ';
const NAME = PREFIX + PAGE_VERSION;

scope.addEventListener('install', (event) => {
  // Past the browser's own cache, which may still hold files of another version.
  const fresh = PAGE_FILES.map((path) => new Request(path, { cache: 'reload' }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fresh)));
});

async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

scope.addEventListener('activate', (event) => event.waitUntil(takeOver()));

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request.mode === 'navigate' ? './' : request, { ignoreSearch: true });
  const response = kept ?? (await fetch(request));
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // Datasets are kept by whoever reads them.
  if (request.method !== 'GET' || origin !== scope.location.origin || /\/(mnist|texts)\/[^/]*$/.test(pathname)) return;
  event.respondWith(answer(request));
});
