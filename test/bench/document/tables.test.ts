import { describe, expect, it } from 'vitest';
import { torchTable } from '../../../bench/document/tables.js';
import type { ModelRow } from '../../../bench/model/benchModel.js';
import { MODEL, TIMING } from './documents.js';

describe('a PyTorch baseline', () => {
  const torch = {
    available: true,
    torch: '2.9',
    device: 'a GPU',
    size: 224,
    batch: 1,
    rows: [
      { job: 'infer', precision: 'fp32', ms: 50, images_per_second: 20 },
      { job: 'train', precision: 'amp', error: 'out of memory' },
    ],
  };

  it('stands beside our plan of the same work', () => {
    const model = { rows: [MODEL], pipeline: [], scaling: null };
    expect(torchTable({ others: { torch }, model })!.rows).toEqual([
      ['predict 1x224', 'fp32', '50.0 ms', '20.0', '100 ms', '0.50', ''],
      ['train 1x224', 'amp', 'failed', '-', '-', '-', 'out of memory'],
    ]);
  });

  it('stands beside our f16 where it has half precision', () => {
    const rows = [{ job: 'infer', precision: 'amp', ms: 50, images_per_second: 20 }];
    const half: ModelRow = { ...MODEL, precision: 'f16', plan: { ...TIMING, ms: 25 } };
    const model = { rows: [MODEL, half], pipeline: [], scaling: null };
    const table = torchTable({ others: { torch: { ...torch, rows } }, model })!;
    expect(table.rows[0].slice(4, 6)).toEqual(['25.0 ms f16', '2.00']);
  });

  it('that is absent says why', () => {
    const absent = { available: false, why: 'PyTorch finds no GPU', size: 320, batch: 32, rows: [] };
    expect(torchTable({ others: { torch: absent } })!.title).toBe(
      'PyTorch was not measured: PyTorch finds no GPU',
    );
    expect(torchTable({})).toBeNull();
  });
});
