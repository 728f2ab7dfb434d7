/** What the page knows of a plan in the worker's debugger, which it lets run to where the address says. */
import type { ExplorerSession } from '../session.js';
import type { Opened } from '../types.js';
import { MOST_PICTURES } from './bufferView.js';
import type { DebuggerPlace } from './debuggerPlace.js';
import type { DebuggedDispatch, Look, LookAsked, OpenedPlan, Peaks } from './types.js';

export class DebugRun {
  opened: OpenedPlan | null = null;
  /** Dispatches that have run; -1 before the plan is there. */
  at = -1;
  /** Nanoseconds by dispatch, of the last time that it ran. */
  readonly times = new Map<number, number>();
  peaks: Peaks | null = null;
  /** What is going on, in words. */
  busy = '';
  failure = '';
  /** Why the adapter's peaks are not known, which stops nothing else. */
  peaksFailure = '';
  private subject: Opened | null = null;
  private plan = '';
  /** What was read last, and of what; null while that is read. */
  private looked: { readonly key: string; readonly look: Look | null } = { key: '', look: null };
  /** Of the place: what it asks for now, and what it asked for when that failed. */
  private wanted = '';
  private failed = '';
  /** Grows with what is debugged: answers to older questions are dropped. */
  private turn = 0;

  /** @param changed there is something to draw */
  constructor(
    private readonly session: ExplorerSession,
    private readonly changed: () => void,
  ) {}

  get total(): number {
    return this.opened?.dispatches.length ?? 0;
  }

  /** Opens, runs and reads what the place asks for, one after the other; what failed again at another place. */
  follow(place: DebuggerPlace, shown: DebuggedDispatch | null): void {
    const { opened: subject } = this.session;
    const { plan, at, step, buffer, set, from } = place;
    this.wanted = JSON.stringify([at, step, buffer, set, from]);
    if (subject !== this.subject || plan !== this.plan) {
      this.subject = subject;
      this.plan = plan;
      this.begin();
    } else if (this.failure && this.wanted !== this.failed) {
      this.failure = '';
      // Some of it may have run.
      this.at = -1;
      this.looked = { key: '', look: null };
    }
    if (!subject || subject.recorded || this.busy || this.failure) return;
    const wanted = Math.min(place.at, this.total);
    if (!this.opened) this.open(plan);
    else if (wanted !== this.at) this.runTo(place, wanted);
    else if (shown) this.readOf(place, shown);
  }

  private open(kind: DebuggerPlace['plan']): void {
    void this.ask('Recording the plan and compiling its kernels', async () => {
      const opened = await this.session.worker.call('debugOpen', { kind });
      const peaks = await this.session.worker.call('debugPeaks', { measure: false });
      return () => {
        this.opened = opened;
        this.peaks = peaks;
        this.at = 0;
      };
    });
  }

  private begin(): void {
    this.turn++;
    this.opened = null;
    this.at = -1;
    this.times.clear();
    this.looked = { key: '', look: null };
    this.failure = '';
    this.peaksFailure = '';
    this.busy = '';
  }

  private runTo({ plan: kind }: DebuggerPlace, count: number): void {
    void this.ask('Running', async () => {
      const { at, times } = await this.session.worker.call('debugRun', { kind, count });
      return () => {
        this.at = at;
        for (const { index, ns } of times) this.times.set(index, ns);
      };
    });
  }

  /** What was read of what the place shows; null where something else was read last. */
  lookOf(place: DebuggerPlace, shown: DebuggedDispatch): Look | null {
    const { key, look } = this.looked;
    return key === this.keyOf(lookAsked(place, shown)) ? look : null;
  }

  private readOf(place: DebuggerPlace, shown: DebuggedDispatch): void {
    const asked = lookAsked(place, shown);
    const key = this.keyOf(asked);
    if (key === this.looked.key) return;
    this.looked = { key, look: null };
    void this.ask('Reading', async () => {
      const look = await this.session.worker.call('debugLook', asked);
      return () => {
        this.looked = { key, look };
      };
    });
  }

  private keyOf(asked: LookAsked): string {
    return `${this.at} ${JSON.stringify(asked)}`;
  }

  measurePeaks(): void {
    const { turn } = this;
    this.peaksFailure = '';
    const work = async () => {
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        if (turn !== this.turn) return;
        this.busy = `Measuring what the adapter reaches at most, ${done} of ${total}`;
        this.changed();
      };
      const peaks = await this.session.worker.call('debugPeaks', { measure: true }, { onProgress });
      return () => {
        this.peaks = peaks;
      };
    };
    void this.ask('Measuring what the adapter reaches at most', work, (why) => {
      this.peaksFailure = `The adapter's peak was not measured: ${why}`;
    });
  }

  private async ask(
    what: string,
    work: () => Promise<() => void>,
    refuse?: (why: string) => void,
  ): Promise<void> {
    const { turn, wanted } = this;
    this.busy = what;
    try {
      const take = await work();
      if (turn === this.turn) take();
    } catch (error) {
      if (turn !== this.turn) return;
      const why = error instanceof Error ? error.message : String(error);
      if (refuse) refuse(why);
      else {
        this.failure = why;
        this.failed = wanted;
      }
    }
    if (turn !== this.turn) return;
    this.busy = '';
    this.changed();
  }
}

function lookAsked({ plan: kind, set, from, buffer }: DebuggerPlace, shown: DebuggedDispatch): LookAsked {
  const { binding, label } = bufferOf(shown, buffer);
  return { kind, index: shown.index, binding, label, set, from, count: MOST_PICTURES };
}

/** The one that is asked for, else the first that is written. */
export function bufferOf({ buffers }: DebuggedDispatch, binding: string) {
  return buffers.find((one) => one.binding === binding) ?? buffers.find(({ writes }) => writes) ?? buffers[0];
}
