/** Patients' ids: text throughout, as no float64 holds the 36 digits that some archives give them. */
import { isMissing } from './csvCells.js';

/**
 * The id in a cell, so that equal ids are equal text: of whole numbers leading zeros and a fraction of zeros
 * (pandas writes 8270.0 where a column once held a gap) are dropped, as where both are read as numbers. Null for
 * a missing value and for a number that is no whole one, such as the 1.23E+35 of a spreadsheet.
 */
export function readPatientId(cell: string): string | null {
  if (isMissing(cell)) return null;
  const whole = /^(\d+)(\.0*)?$/.exec(cell);
  if (whole) return whole[1].replace(/^0+(?=\d)/, '');
  if (/^[+-]?(\d*\.\d+|\d+(\.\d*)?e\+\d+)$/i.test(cell) || /^[+-]\d+\.?$/.test(cell)) return null;
  return cell.normalize('NFC');
}

const isWholeNumber = (id: string): boolean => /^\d+$/.test(id);

/** Order of ids: whole numbers by size, then all others by their characters. */
export function comparePatients(a: string, b: string): number {
  const [wholeA, wholeB] = [isWholeNumber(a), isWholeNumber(b)];
  if (wholeA !== wholeB) return wholeA ? -1 : 1;
  if (wholeA && a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
