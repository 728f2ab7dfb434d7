import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { checkLeakage } from '../../../src/workflow/data/checkLeakage.js';
import { SILENT } from '../../../src/workflow/reporter.js';

describe('checkLeakage', () => {
  const frame = (file: string, images: string[], patientIds: string[]): Frame => ({
    file,
    images,
    patientIds,
    classes: [],
    labels: new Uint8Array(0),
    lines: images.map((_, row) => row + 2),
  });
  const train = frame('train.csv', ['a.png', 'b.png'], ['1', '2']);
  const found = (valid: Frame, test: Frame) => {
    const lines: string[] = [];
    const out = { ...SILENT, warn: (line: string) => lines.push(line) };
    checkLeakage({ out }, { train, valid, test }, false);
    const refused = () => checkLeakage({ out: SILENT }, { train, valid, test }, true);
    return { lines, refused };
  };

  it('has nothing to say where each patient and each image is in one split', () => {
    const { lines, refused } = found(frame('v', ['c.png'], ['3']), frame('t', ['d.png'], ['4']));
    expect(lines).toEqual([]);
    expect(refused).not.toThrow();
  });

  it('names patients that two splits share, and images that they share under other patients', () => {
    const { lines, refused } = found(
      frame('v', ['a.png'], ['1']),
      frame('t', ['d.png', 'b.png'], ['4', '5']),
    );
    const message =
      'The splits leak: train and valid share 1 patient (1); ' +
      'train and test share 1 image under other patients (b.png). Scores on them say too much.';
    expect(lines).toEqual([message]);
    expect(refused).toThrow(
      new DataError(message, 'Split by patient, each image once; or leave out `refuseLeakage: true`.'),
    );
  });
});
