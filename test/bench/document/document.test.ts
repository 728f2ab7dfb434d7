import { describe, expect, it } from 'vitest';
import {
  type BenchDocument,
  documentText,
  mergeDocuments,
  resultName,
} from '../../../bench/document/document.js';
import { document, KERNELS, MODEL, PEERS, ROW } from './documents.js';

describe('a document', () => {
  it('is text that reads back, with five digits and one line per row', () => {
    const text = documentText(document({ kernels: KERNELS }));
    const back = JSON.parse(text) as BenchDocument;
    expect(back.kernels!.rows[0]).toEqual(ROW);
    expect(
      text.split('\n').filter((line) => line.includes('"subgroup"') && line.includes('"shape"')),
    ).toHaveLength(1);
    expect(documentText({ a: 1 / 3, b: [1.23456789, { c: [] }], d: Number.NaN, e: 123456789 })).toBe(
      '{\n "a": 0.33333,\n "b": [\n  1.2346,\n  {\n   "c": []\n  }\n ],\n "d": null,\n "e": 123456789\n}\n',
    );
  });

  it('has a file name by adapter and day', () => {
    expect(resultName(document())).toBe('lavapipe-2026-01-02');
    const adapter = { name: 'NVIDIA Some GPU 9 (driver 1.2.3)', kind: 'hardware' };
    expect(resultName({ ...document(), adapter })).toBe('nvidia-some-gpu-9-2026-01-02');
  });

  it('takes the sections of others', () => {
    const merged = mergeDocuments([
      document({ kernels: KERNELS }),
      document({ peaks: null, peers: PEERS, others: { doctor: { ok: true } } }),
      document({ model: { rows: [MODEL], pipeline: [], scaling: null } }),
    ]);
    expect([merged.kernels, merged.peers, merged.model?.rows[0]]).toEqual([KERNELS, PEERS, MODEL]);
    expect(merged.others).toEqual({ doctor: { ok: true } });
    expect(() => mergeDocuments([])).toThrow();
  });
});
