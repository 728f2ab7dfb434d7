/** What the Race has done in its worker: peaks, kernels, the network, TensorFlow.js, files. */
import { type DenseNetConfig, openGpu } from 'chexgpu';
import { parseDocument } from '../../../../bench/document/checkDocument.js';
import {
  type BenchDocument,
  documentText,
  FORMAT,
  FORMAT_VERSION,
  resultName,
} from '../../../../bench/document/document.js';
import { benchKernels } from '../../../../bench/kernels/benchKernels.js';
import { benchModel, type ModelRow } from '../../../../bench/model/benchModel.js';
import { createModel } from '../../../../bench/model/workload.js';
import { measurePeaks, type PeakReport } from '../../../../bench/peaks/measurePeaks.js';
import { wholeNumber } from '../../../../src/core/arguments.js';
import { DataError, UsageError } from '../../../../src/core/errors.js';
import { checkImageSize } from '../../../../src/densenet/architecture.js';
import { type Device, openDevice } from '../../../worker/device.js';
import type { Call, WorkHost } from '../../../worker/protocol.js';
import type { Opened, Wishes } from '../types.js';
import { CHOICES, networkOf, usualWishes } from './choices.js';
import { pageHeader } from './header.js';
import { raceTfjs } from './peers.js';

const KINDS = ['predict', 'train'] as const;
/** A result has some 100 kB. */
const MOST_BYTES = 64 * 2 ** 20;

export type RaceWork = Awaited<ReturnType<typeof makeWork>>;

export function makeWork(host: WorkHost) {
  const work = new Race(host);
  return {
    /** Opens the GPU; says what there is to choose from. */
    open: (_: null, call: Call) => work.open(call),
    /** Measures what is asked for; sends `document` after every section of it. */
    race: (wishes: Wishes, call: Call) => work.inTurn(call, () => work.race(wishes, call)),
    /** Puts TensorFlow.js beside the network, on the same adapter. */
    raceTfjs: (wishes: Wishes, call: Call) => work.inTurn(call, () => work.raceTfjs(wishes, call)),
    read: ({ file }: { file: File }) => readFile(file),
    file: ({ document }: { document: BenchDocument }): { name: string; blob: Blob } => ({
      name: `${resultName(document)}.json`,
      blob: new Blob([documentText(document)], { type: 'application/json' }),
    }),
  };
}

/** @throws DataError naming the file and what is wrong in it */
async function readFile(file: File): Promise<BenchDocument> {
  if (file.size > MOST_BYTES) throw new DataError(`${file.name} is too large for a result of a bench.`);
  return parseDocument(await file.text(), file.name);
}

/** @throws UsageError for numbers that no network can be given */
function configOf({ network, size, batch, repeats, ops, kernels, model }: Wishes): DenseNetConfig {
  const config = networkOf(network);
  checkImageSize(config, size);
  wholeNumber('The batch', batch, 1);
  wholeNumber('The repetitions', repeats, 1);
  if (!kernels && !model)
    throw new UsageError('There is nothing to race.', 'Choose kernels, the network, or both.');
  if (kernels && ops.length === 0)
    throw new UsageError('No kernels are chosen.', 'Choose some, or none to race.');
  return config;
}

class Race {
  private device: Device | null = null;
  private peaks: PeakReport | null = null;
  private document: BenchDocument | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly host: WorkHost) {}

  async open(call: Call): Promise<Opened> {
    const { words: adapter } = await this.ready(call);
    return { adapter, choices: CHOICES, usual: usualWishes(adapter.kind) };
  }

  /** The GPU, opened anew where it was lost. */
  private async ready({ report }: Call): Promise<Device> {
    if (this.device) return this.device;
    report('Opening the GPU');
    const device = await openDevice(
      () => {},
      (why) => {
        if (this.device === device) this.device = null;
        this.host.emit('lost', why);
      },
    );
    this.device = device;
    return device;
  }

  /** What was given up ends its run first: two at once would time each other. */
  inTurn<T>({ signal, report }: Call, work: () => Promise<T>): Promise<T> {
    report('Waiting for what was cancelled to end');
    const turn = this.last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.last = turn.catch(() => {});
    return turn;
  }

  private tell(sections: Partial<BenchDocument>): void {
    if (!this.document) return;
    this.document = { ...this.document, ...sections };
    this.host.emit('document', this.document);
  }

  async race(wishes: Wishes, call: Call): Promise<void> {
    const config = configOf(wishes);
    const device = await this.ready(call);
    const peaks = await this.measuredPeaks(device, call);
    this.document = { format: FORMAT, version: FORMAT_VERSION, ...pageHeader(device, wishes), peaks };
    this.tell({});
    const { kind, size, batch, ops, part, repeats } = wishes;
    const { signal } = call;
    if (wishes.kernels) {
      const kernels = await benchKernels(device.gpu, {
        ...{ kind, size, batch, ops, repeats, config, peaks, signal },
        part: part || undefined,
        onProgress: (what, done, total) => call.report(`Kernels: ${what}`, done, total),
      });
      this.tell({ kernels });
    }
    if (!wishes.model) return;
    const rows: ModelRow[] = [];
    for (const kind of KINDS) {
      rows.push(await this.network(device, { ...wishes, kind }, config, peaks, call));
      this.tell({ model: { rows: [...rows], pipeline: [], scaling: null } });
    }
  }

  private async measuredPeaks({ gpu }: Device, { signal, report }: Call): Promise<PeakReport> {
    const onProgress = (done: number, total: number) => report("The adapter's peaks", done, total);
    this.peaks ??= await measurePeaks(gpu, { signal, onProgress });
    return this.peaks;
  }

  /** The network on a device of its own, on which nothing is compiled, with kernels that are known to be right. */
  private async network(
    device: Device,
    { kind, size, batch, repeats }: Wishes,
    config: DenseNetConfig,
    peaks: PeakReport,
    call: Call,
  ): Promise<ModelRow> {
    const name = kind === 'predict' ? 'Prediction' : 'Training step';
    call.report(`${name}: checking its kernels`);
    const { gpu, checker } = device;
    const model = await createModel(gpu, { config });
    try {
      await model.planOf(kind, batch, size, { signal: call.signal });
      await checker.checkWaiting({ signal: call.signal });
    } finally {
      await model.dispose();
    }
    const fresh = await openGpu();
    try {
      for (const wrong of gpu.broken) fresh.broken.add(wrong);
      return await benchModel(fresh, {
        ...{ kind, size, batch, config, peaks, samples: repeats, signal: call.signal },
        onProgress: (what, done, total) => call.report(`${name}: ${what}`, done, total),
      });
    } finally {
      fresh.dispose();
    }
  }

  async raceTfjs(wishes: Wishes, call: Call): Promise<void> {
    const config = configOf({ ...wishes, model: true, kernels: false });
    const device = await this.ready(call);
    this.document ??= { format: FORMAT, version: FORMAT_VERSION, ...pageHeader(device, wishes), peaks: null };
    const peers = await raceTfjs(device, config, wishes, call);
    const { network, batch, size } = wishes;
    const commandLine = `${this.document.commandLine}; TensorFlow.js beside ${network}, ${batch}x${size}`;
    this.tell({ peers, commandLine });
  }
}
