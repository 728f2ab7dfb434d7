/** What a page says of the GPU that it computes on. */
import type { AdapterWords } from '../worker/device.js';

export function gpuWords(session: {
  readonly opened: { readonly adapter: AdapterWords } | null;
  readonly lost: string;
  readonly failure: string;
}): string {
  if (session.lost) return 'The GPU was lost.';
  if (session.opened) return session.opened.adapter.sentence;
  return session.failure ? 'No GPU is open.' : 'Looking for a GPU …';
}
