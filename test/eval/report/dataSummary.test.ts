import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { dataSummary, frequencySummary } from '../../../src/eval/report/dataSummary.js';

describe('the summary of the data', () => {
  it("tabulates the CSVs, with the notebook's frequencies", () => {
    const head = 'Image,PatientId,Cardiomegaly,Mass,Hernia';
    const classes = ['Cardiomegaly', 'Mass', 'Hernia'];
    const rows = ['a,1,1,0,0', 'b,1,0,1,1', 'c,2,1,0,1', 'd,3,1,1,1', 'e,4,1,0,1'];
    const train = parseFrame([head, ...rows].join('\n'), 'train.csv', { classes });
    const test = parseFrame([head, 'f,2,0,0,0', 'g,9,0,0,1'].join('\n'), 'test.csv', { classes });
    expect(dataSummary('here', { train, test })).toEqual({
      source: 'here',
      splits: [
        { name: 'train', file: 'train.csv', images: 5, patients: 4 },
        { name: 'test', file: 'test.csv', images: 2, patients: 2 },
      ],
      leakage: [{ a: 'train', b: 'test', patientIds: ['2'] }],
    });
    const f = frequencySummary('train', train);
    expect(f.positive).toEqual([0.8, 0.4, 0.8]);
    expect(f.negative).toEqual([0.2, 0.6, 0.2]);
    expect(f.positiveWeights).toEqual(f.negative);
    expect(f.negativeWeights).toEqual(f.positive);
    expect(f.counts).toEqual([4, 2, 4]);
  });
});
