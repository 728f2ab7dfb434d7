/** What the page is doing: one task at a time, its progress, its error. */
import { byId, errorLine } from './dom.js';

/** Between two announcements of progress, so that a screen reader can finish the first. */
const ANNOUNCE_MS = 1500;

export class Activity {
  private readonly error = byId('error', HTMLElement);
  private readonly bar = byId('progress', HTMLProgressElement);
  private readonly text = byId('activity', HTMLElement);
  private said = '';
  private saidAt = 0;
  private running = false;
  private focused: Element | null = null;

  /** @param onChange called when the page becomes busy or idle */
  constructor(private readonly onChange: (busy: boolean) => void) {}

  get busy(): boolean {
    return this.running;
  }

  /**
   * Does `work`, unless the page is busy; shows its error. `document.body.dataset.state` is `busy`, then
   * `ready` or `failed`.
   * @param done what to say at the end; nothing leaves what the work said last
   */
  async run(what: string, work: () => Promise<string | undefined>): Promise<boolean> {
    if (this.running) return false;
    this.set(true);
    this.error.hidden = true;
    this.progress(what, 0, 0);
    let state = 'ready';
    try {
      this.say((await work()) ?? '');
    } catch (error) {
      state = 'failed';
      this.fail(error);
    }
    this.set(false);
    document.body.dataset.state = state;
    return state === 'ready';
  }

  fail(error: unknown): void {
    this.error.textContent = errorLine(error);
    this.error.hidden = false;
    this.say('');
    if (!(error instanceof Error) || error.constructor === Error) console.error(error);
  }

  /** @param total 0 when nobody knows how long it takes */
  progress(what: string, done: number, total: number): void {
    if (total > 0) {
      this.bar.max = total;
      this.bar.value = done;
    } else this.bar.removeAttribute('value');
    const percent = total > 0 ? ` (${Math.floor((100 * done) / total)} %)` : '';
    const now = performance.now();
    if (what === this.said && now - this.saidAt < ANNOUNCE_MS) return;
    this.said = what;
    this.saidAt = now;
    this.text.textContent = `${what}${percent} …`;
  }

  /** Everything on the page that starts a task. */
  enableControls(enabled: boolean): void {
    const controls = document.querySelectorAll<HTMLInputElement | HTMLButtonElement | HTMLSelectElement>(
      '[data-control]',
    );
    for (const control of controls) control.disabled = !enabled;
  }

  private say(text: string): void {
    this.said = '';
    this.bar.max = 1;
    this.bar.value = 0;
    this.text.textContent = text;
  }

  private set(busy: boolean): void {
    this.running = busy;
    if (busy) this.focused = document.activeElement;
    if (busy) document.body.dataset.state = 'busy';
    document.body.classList.toggle('busy', busy);
    this.onChange(busy);
    // A button loses the focus while it is disabled.
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (!busy && lost && this.focused instanceof HTMLElement) this.focused.focus({ preventScroll: true });
  }
}
