/** An element that shows a session: it begins one when it comes into a page, and ends it when it leaves. */
import { LitElement } from 'lit';
import { state } from 'lit/decorators.js';

/** What an element shows, and works in a worker. Sends `change`, and events of its own with a `detail`. */
export interface Session extends EventTarget {
  open(): Promise<void>;
  close(): void;
}

/** Pictures of a second: steps and runs of small kernels take a few milliseconds. */
export const SHOW_EVERY_MS = 120;

export abstract class SessionElement<S extends Session> extends LitElement {
  /** Grows with what is to be drawn anew. */
  @state() protected accessor version = 0;
  protected session: S | null = null;
  private shown = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** @param events of the session that the element sends on, as `chexgpu-NAME` */
  protected constructor(
    private readonly makeSession: () => S,
    private readonly events: readonly string[],
  ) {
    super();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.session) return;
    const session = this.makeSession();
    this.session = session;
    session.addEventListener('change', () => this.show());
    for (const name of this.events) {
      session.addEventListener(name, (event) => {
        this.show();
        const { detail } = event as CustomEvent<unknown>;
        this.dispatchEvent(new CustomEvent(`chexgpu-${name}`, { detail, bubbles: true, composed: true }));
      });
    }
    void session.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // Moved within a page it comes back at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.session?.close();
      this.session = null;
    });
  }

  /** Draws anew, not more often than is of use. */
  private show(): void {
    if (this.waiting !== undefined) return;
    const wait = Math.max(0, this.shown + SHOW_EVERY_MS - performance.now());
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      this.shown = performance.now();
      this.version++;
    }, wait);
  }
}
