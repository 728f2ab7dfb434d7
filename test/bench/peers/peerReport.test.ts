import { describe, expect, it } from 'vitest';
import { emptyRow, type PeerRow, peerTable, ratiosOf } from '../../../bench/peers/peerReport.js';

describe('the report', () => {
  const row = (change: Partial<PeerRow>): PeerRow => ({ ...emptyRow('chexgpu'), ...change });

  it('has ratios of those that are right', () => {
    const rows = [
      row({ ms: 20 }),
      row({ engine: 'tfjs-webgpu', ms: 50 }),
      row({ engine: 'onnxruntime-webgpu', status: 'wrong', ms: 5 }),
    ];
    expect(ratiosOf(rows)).toEqual({ 'tfjs-webgpu': 2.5 });
    expect(ratiosOf([row({ status: 'failed' }), rows[1]])).toEqual({});
    expect(ratiosOf([row({ bytes: 100 }), row({ engine: 'tfjs-webgpu', bytes: 300 })])).toEqual({
      'tfjs-webgpu': 3,
    });
  });

  it('becomes a table', () => {
    const rows = [
      row({ ms: 1234.5, firstMs: 20_000, perImage: 617.25, adapter: 'A' }),
      row({ engine: 'tfjs-webgpu', status: 'failed', note: 'ended' }),
    ];
    const result = { job: { kind: 'forward' as const, batch: 2, size: 64 }, referee: '', rows, ratios: {} };
    const report = { date: '', adapter: 'A', node: '', versions: {}, results: [result] };
    expect(peerTable(report)).toEqual([
      ['forward 2x64', 'chexgpu', '1.23 s', '617 ms', '20.0 s', '', 'A', ''],
      ['forward 2x64', 'tfjs-webgpu', 'failed', '', '', '', '', 'ended'],
    ]);
  });
});
