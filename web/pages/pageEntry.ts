import type { Work, WorkHost } from '../worker/protocol.js';

/** What a page's folder says of itself. */
export interface PageEntry {
  /** In the address, `#reader`, and the name of its worker. */
  readonly id: string;
  /** In the navigation. */
  readonly title: string;
  /** The element that is the page. It sends the event `chexgpu-ready` when it can be used. */
  readonly tag: string;
  /** Loads what defines the element. */
  readonly element: () => Promise<unknown>;
  /** Loads what runs in the page's worker. */
  readonly work: () => Promise<{ makeWork(host: WorkHost): Work | Promise<Work> }>;
}
