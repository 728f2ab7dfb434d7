/** The network all engines run, as files in a folder: table of layers, weights, inputs, labels, ONNX models. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DenseNetConfig } from '../../src/densenet/architecture.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { encodeOnnx } from './onnx.js';
import { BENCH_SEED, type BenchBatch, benchBatch, peerNetwork } from './peerNetwork.js';

/** Writes what the children read; each file once. */
export class BenchFiles {
  readonly weights: WeightMap;

  constructor(
    readonly folder: string,
    readonly config: DenseNetConfig,
  ) {
    const { layers, parameters: table, weights } = peerNetwork(config);
    this.weights = weights;
    const all = new Float32Array(table.reduce((sum, { size }) => sum + size, 0));
    let offset = 0;
    const parameters = table.map((spec) => {
      all.set(this.weights.get(spec.key)!, offset);
      offset += spec.size;
      return { ...spec, offset: offset - spec.size };
    });
    writeFileSync(join(folder, 'weights.bin'), all);
    const network = { config, layers, parameters };
    writeFileSync(join(folder, 'network.json'), JSON.stringify(network));
  }

  /** `{batch}x{size}.x.bin` and `.labels.bin`; the ONNX model `{batch}x{size}.{statistics}.onnx`. */
  prepare(batch: number, size: number, statistics: 'moving' | 'batch'): BenchBatch {
    const data = benchBatch(this.config, batch, size, BENCH_SEED);
    const name = join(this.folder, `${batch}x${size}`);
    if (!existsSync(`${name}.x.bin`)) {
      writeFileSync(`${name}.x.bin`, data.x);
      writeFileSync(`${name}.labels.bin`, data.labels);
    }
    const model = `${name}.${statistics}.onnx`;
    if (!existsSync(model))
      writeFileSync(model, encodeOnnx(this.config, this.weights, { batch, size, statistics }));
    return data;
  }
}
