/** The debugger's functions of the worker: one plan of what is looked at, stopped somewhere. */
import { debugPlan, type PlanDebugger } from 'chexgpu/lab';
import { measurePeaks } from '../../../../bench/peaks/measurePeaks.js';
import { keepDocument, keptDocument } from '../../../worker/kept.js';
import { type Call, Transferred } from '../../../worker/protocol.js';
import type { SubjectSession } from '../inWorker/subject.js';
import { picturesOf, viewOf } from './bufferView.js';
import type { Look, LookAsked, OpenedPlan, Peaks, PlanKind, Stopped } from './types.js';

export function makeDebuggerWork(session: SubjectSession) {
  let open: { key: string; made: Promise<PlanDebugger> } | null = null;
  let closed: Promise<unknown> = Promise.resolve();

  /** It holds a network's memory several times over. */
  const close = () => {
    const ending = open?.made.then((debug) => debug.dispose());
    // One that could not be made holds nothing.
    closed = Promise.all([closed, ending?.catch(() => {})]);
    open = null;
  };
  session.onLeave(close);

  const opened = async (kind: PlanKind): Promise<PlanDebugger> => {
    const { model, batch, generation } = await session.subject();
    const key = `${generation} ${kind}`;
    if (open?.key === key) return open.made;
    close();
    const made = closed.then(() => debugPlan(model, batch, { kind }));
    const mine = { key, made };
    open = mine;
    made.catch(() => {
      if (open === mine) open = null;
    });
    return made;
  };

  return {
    debugOpen: async ({ kind }: { kind: PlanKind }): Promise<OpenedPlan> => {
      const { dispatches, clock } = await opened(kind);
      return { dispatches, clock };
    },
    debugRun: async (
      { kind, count }: { kind: PlanKind; count: number },
      { signal, report }: Call,
    ): Promise<Stopped> => {
      const debug = await opened(kind);
      const times = await debug.runTo(Math.min(count, debug.dispatches.length), {
        signal,
        onProgress: ({ done, total }) => report('Running', done, total),
      });
      return { at: debug.at, times };
    },
    debugLook: async ({ kind, index, binding, ...asked }: LookAsked): Promise<Transferred<Look>> => {
      const debug = await opened(kind);
      const { shape, values, writer, takenBy } = await debug.read(index, binding);
      const view = viewOf(asked.label, shape);
      const set = Math.min(asked.set, view.sets - 1);
      const from = Math.min(asked.from, view.planes - 1);
      const count = Math.min(asked.count, view.planes - from);
      const pictures = picturesOf(view, values, set, from, count);
      const look = { shape, pictures, count, ...figures(values), writer, takenBy };
      return new Transferred(look, [pictures.buffer]);
    },
    /** What the adapter reaches at most: measured once, and kept. @returns null where it was not measured yet */
    debugPeaks: async ({ measure }: { measure: boolean }, call: Call): Promise<Peaks | null> => {
      const { gpu, words } = await session.openDevice();
      const name = `peaks of ${words.name}`;
      const kept = (await keptDocument(name)) as Peaks | null;
      if (kept || !measure) return kept;
      const { signal, report } = call;
      const onProgress = (done: number, total: number) => report("The adapter's peaks", done, total);
      const { gflops, gbs } = await measurePeaks(gpu, { signal, onProgress });
      await keepDocument(name, { gflops, gbs });
      return { gflops, gbs };
    },
  };
}

function figures(values: Float32Array) {
  let [least, greatest, sum, zeros, broken] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) broken++;
    else {
      if (value === 0) zeros++;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
      sum += value;
    }
  }
  return { numbers: values.length, least, greatest, mean: sum / (values.length - broken), zeros, broken };
}
