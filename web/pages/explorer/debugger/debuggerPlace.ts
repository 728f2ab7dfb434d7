/** Where the debugger stands, as the address says it: `plan=predict&at=12&step=11&breaks=20+31&buffer=y`. */
import type { Place } from '../place.js';

export interface DebuggerPlace {
  readonly plan: 'train' | 'predict';
  /** Dispatches that have run. */
  readonly at: number;
  /** The one that is shown. */
  readonly step: number;
  readonly breaks: readonly number[];
  /** Binding that is looked at; '': the first that is written. */
  readonly buffer: string;
  /** Set and first picture of it. */
  readonly set: number;
  readonly from: number;
  /** Which text of the kernel. */
  readonly text: (typeof TEXTS)[number];
}

export const TEXTS = ['formula', 'differs', 'runs', 'naive'] as const;

const START: DebuggerPlace = {
  ...{ plan: 'train', at: 0, step: 0, breaks: [], buffer: '', set: 0, from: 0, text: 'formula' },
};

type More = Place['more'];
const NAMES = ['plan', 'at', 'step', 'breaks', 'buffer', 'set', 'from', 'text'] as const;

export function readDebugger(more: More): DebuggerPlace {
  const whole = (text: string | undefined) => (text && /^\d{1,9}$/.test(text) ? Number(text) : 0);
  const breaks = (more.breaks ?? '').split('+').filter((one) => /^\d{1,9}$/.test(one));
  return {
    plan: more.plan === 'predict' ? 'predict' : 'train',
    at: whole(more.at),
    step: whole(more.step),
    breaks: sorted(breaks.map(Number)),
    buffer: more.buffer ?? '',
    set: whole(more.set),
    from: whole(more.from),
    text: TEXTS.find((one) => one === more.text) ?? START.text,
  };
}

/** `more` with the debugger's part of it changed; what is as at first stands in no address. */
export function writeDebugger(more: More, change: Partial<DebuggerPlace>): More {
  const next = { ...readDebugger(more), ...change };
  const others = Object.entries(more).filter(([name]) => !(NAMES as readonly string[]).includes(name));
  const own = NAMES.flatMap((name): [string, string][] => {
    const [value, usual] = [next[name], START[name]].map((one) =>
      Array.isArray(one) ? one.join('+') : String(one),
    );
    return value === usual ? [] : [[name, value]];
  });
  return Object.fromEntries([...others, ...own]);
}

const sorted = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);

export function toggled(breaks: readonly number[], index: number): number[] {
  return sorted(breaks.includes(index) ? breaks.filter((one) => one !== index) : [...breaks, index]);
}

/** How far `run` goes from here: to the next break, in front of its dispatch, or to the end. */
export function nextStop(at: number, breaks: readonly number[], total: number): number {
  return breaks.find((one) => one > at && one < total) ?? total;
}
