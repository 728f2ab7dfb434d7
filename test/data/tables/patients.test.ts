import { describe, expect, it } from 'vitest';
import { checkForLeakage, patientLeakage } from '../../../src/data/tables/leakage.js';
import { comparePatients, readPatientId } from '../../../src/data/tables/patients.js';

describe('patients', () => {
  const LONG = '205366866401363481462036798914558864';

  it('are text: 36 digits stay apart, and numbers are the same however they are written', () => {
    const near = LONG.replace(/4$/, '5');
    expect(Number(LONG)).toBe(Number(near));
    expect(readPatientId(LONG)).toBe(LONG);
    expect(checkForLeakage({ patientIds: [LONG] }, { patientIds: [near] })).toBe(false);
    expect(['007', '7', '7.0', '7.', '0'].map(readPatientId)).toEqual(['7', '7', '7', '7', '0']);
    expect(readPatientId('p10000032')).toBe('p10000032');
    expect(readPatientId('1e5a')).toBe('1e5a');
    expect(readPatientId('1.2.840.113619')).toBe('1.2.840.113619');
    expect(readPatientId('Jos\u0065\u0301')).toBe('Jos\u00e9');
    expect(
      ['', 'nan', 'n/a', '<NA>', '3.5', '.5', '-1', '+7', '2.05E+35', '2e+35'].map(readPatientId),
    ).toEqual(new Array(10).fill(null));
  });

  it('are put in order by size, words behind', () => {
    const ids = ['b', '10', LONG, '9', 'a', '0'].sort(comparePatients);
    expect(ids).toEqual(['0', '9', '10', LONG, 'a', 'b']);
    const leak = patientLeakage({ train: { patientIds: [10, 9, 8] }, test: { patientIds: ['9', '10'] } });
    expect(leak[0].patientIds).toEqual(['9', '10']);
  });
});
