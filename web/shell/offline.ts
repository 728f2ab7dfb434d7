/** Registers the service worker, and says when a new version of the pages is there. */

/**
 * @param onNewVersion called with what makes it take over and loads the page anew
 * @throws nothing: where there is no service worker the pages work as long as the network does
 */
export async function keepOffline(onNewVersion: (takeOver: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  try {
    const registration = await serviceWorker.register('service-worker.js');
    const offer = (waiting: ServiceWorker | null) => {
      // Without one before it, there is nothing old on the screen.
      if (!waiting || !serviceWorker.controller) return;
      onNewVersion(() => {
        serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
        waiting.postMessage('take over');
      });
    };
    offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed') offer(installing);
      });
    });
  } catch (error) {
    console.warn('The pages are not kept for use without a network:', error);
  }
}
