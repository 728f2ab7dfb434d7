/** Profiles on a time axis: as a Chrome trace, and as tracks of the browser's DevTools. */
import { requireFields } from '../../core/arguments.js';
import { type DispatchProfile, type Profile, requireProfile } from './profile.js';

/** One event of the trace event format; times in microseconds. */
export interface TraceEvent {
  name: string;
  /** X: something with a duration. M: the name of a process or track. */
  ph: 'X' | 'M';
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  cat?: string;
  args: Record<string, string | number>;
}

export interface ChromeTrace {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ms';
  otherData: Record<string, string | number>;
}

const PROCESS = 1;
const GPU_TRACK = 1;
const CPU_TRACK = 2;

/**
 * The last run of a profile for chrome://tracing, Perfetto or any other viewer: a track for the GPU, one for the
 * encoding on the CPU. Serialise it with JSON.stringify.
 */
export function chromeTrace(profile: Profile): ChromeTrace {
  requireProfile(profile);
  const { dispatches, timeline } = profile;
  const origin = Math.min(...timeline.map(({ encodeBegin }) => encodeBegin));
  const microseconds = (ms: number) => Math.round((ms - origin) * 1e6) / 1e3;
  const event = (
    name: string,
    cat: string,
    tid: number,
    begin: number,
    end: number,
    args: TraceEvent['args'],
  ) => ({
    name,
    cat,
    ph: 'X' as const,
    pid: PROCESS,
    tid,
    ts: microseconds(begin),
    dur: Math.max(0, Math.round((end - begin) * 1e6) / 1e3),
    args,
  });
  const meta = (name: string, tid: number, value: string): TraceEvent => ({
    name,
    ph: 'M',
    pid: PROCESS,
    tid,
    args: { name: value },
  });
  return {
    traceEvents: [
      meta('process_name', 0, `chexgpu, ${profile.label}`),
      meta('thread_name', GPU_TRACK, profile.clock === 'gpu' ? 'GPU' : 'GPU, by waiting'),
      meta('thread_name', CPU_TRACK, 'CPU encode'),
      ...timeline.flatMap(({ encodeBegin, encodeEnd, begin, end }, i) => {
        const { label, op, variant } = dispatches[i];
        const kernel = `${op}.${variant}`;
        return [
          event(`${label} ${op}`, kernel, GPU_TRACK, begin, end, { kernel, ...facts(dispatches[i]) }),
          event(`${label} ${op}`, kernel, CPU_TRACK, encodeBegin, encodeEnd, { kernel }),
        ];
      }),
    ],
    displayTimeUnit: 'ms',
    otherData: { clock: profile.clock, repeats: profile.repeats, 'sum of medians, ms': profile.ns / 1e6 },
  };
}

/** What stands beside an event. */
function facts({
  shape,
  workgroups,
  constants,
  flops,
  bytes,
  ns,
}: DispatchProfile): Record<string, string | number> {
  return {
    shape,
    workgroups: workgroups.join('x'),
    constants: Object.entries(constants)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    'median, us': ns / 1e3,
    'GFLOP/s': round(flops / ns),
    'GB/s': round(bytes / ns),
  };
}

function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : 0;
}

export interface TrackOptions {
  /** Default `GPU`. */
  track?: string;
  /** Default `chexgpu`. */
  trackGroup?: string;
}

/** Colours of DevTools' palette, by folder of the operation. */
const COLOURS: Record<string, string> = {
  conv: 'primary',
  batchnorm: 'secondary',
  pool: 'tertiary',
  dense: 'primary-light',
  loss: 'tertiary-light',
  adam: 'secondary-light',
};
const OTHER_COLOUR = 'secondary-dark';

/**
 * Enters the last run of a profile into the browser's performance timeline: one entry per dispatch on a track of
 * its own beside the page's, with what the plan knows of it. Record with the Performance panel of DevTools while
 * this runs. Does nothing where `performance.measure` is missing.
 * @returns entries made
 */
export function devtoolsTracks(profile: Profile, options: TrackOptions = {}): number {
  requireProfile(profile);
  requireFields('The options of devtoolsTracks', options, ['track', 'trackGroup']);
  const { track = 'GPU', trackGroup = 'chexgpu' } = options;
  if (typeof globalThis.performance?.measure !== 'function') return 0;
  for (const [i, { begin, end }] of profile.timeline.entries()) {
    const dispatch = profile.dispatches[i];
    const kernel = `${dispatch.op}.${dispatch.variant}`;
    const properties = Object.entries(facts(dispatch)).map(([name, value]) => [name, String(value)]);
    performance.measure(`${dispatch.label} ${dispatch.op}`, {
      start: begin,
      end: Math.max(begin, end),
      detail: {
        devtools: {
          dataType: 'track-entry',
          track,
          trackGroup,
          color: COLOURS[dispatch.op.split('.')[0]] ?? OTHER_COLOUR,
          properties: [['kernel', kernel], ...properties],
          tooltipText: `${dispatch.label}: ${kernel} ${dispatch.shape}`,
        },
      },
    });
  }
  return profile.timeline.length;
}
