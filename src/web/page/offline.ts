// The page without a network: a service worker keeps it, and gives it the headers that a static host may not send.

/** Marks, for this tab, that the page was loaded again to be isolated: once is enough. */
const RELOADED = 'isolab reloaded';

/**
 * Registers the service worker, and loads the page once more where only that makes it cross-origin isolated.
 * @param isIdle whether nothing would be lost by that
 */
export async function keepForOffline(isIdle: () => boolean): Promise<void> {
  if (navigator.serviceWorker === undefined) return;
  try {
    await navigator.serviceWorker.register('./service-worker.js');
    await navigator.serviceWorker.ready;
  } catch {
    // A private window, or a host without https: the page works without it.
    return;
  }
  if (globalThis.crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null || !isIdle()) return;
  sessionStorage.setItem(RELOADED, 'yes');
  location.reload();
}
