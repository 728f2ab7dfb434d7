/**
 * NIH's own label table, Data_Entry_2017(_v2020).csv: one row per image, its findings in one cell as
 * "Cardiomegaly|Effusion" or "No Finding". Both column spellings of the two releases are read.
 */
import { DataError } from '../../core/errors.js';
import { columnIndexes, imageName, parseCsv, patientOf } from './csv.js';
import type { Frame } from './frame.js';
import { LABELS } from './labels.js';

const NO_FINDING = 'No Finding';

export interface NihTable {
  /** All rows, with the 14 findings in the notebook's order. */
  readonly frame: Frame;
  /** PA or AP, each row. */
  readonly views: readonly string[];
  /** M or F, each row. */
  readonly sexes: readonly string[];
}

/**
 * The releases head their size columns `OriginalImage[Width,Height]` without quotes, two columns as the rows
 * have them. Where somebody has put quotes round the names, they are two columns all the same.
 */
function withSizesApart(text: string): string {
  const [header, row] = /^([^\r\n]*)[\r\n]+([^\r\n]*)/.exec(text)?.slice(1) ?? [];
  if (!header?.includes('"')) return text;
  const plain = header.replaceAll('"', '');
  const same = plain.split(',').length === row.split(',').length && !row.includes('"');
  return same ? plain + text.slice(header.length) : text;
}

/**
 * @throws DataError naming file, line and column for a missing column, an image without a name, an unknown finding, a
 *   finding beside "No Finding", or a bad patient
 */
export function parseNihTable(text: string, file: string): NihTable {
  const table = parseCsv(withSizesApart(text), file);
  const [imageAt, findingsAt, patientAt, sexAt, viewAt] = columnIndexes(table, [
    'Image Index',
    'Finding Labels',
    'Patient ID',
    table.header.includes('Patient Gender') ? 'Patient Gender' : 'Patient Sex',
    'View Position',
  ]);
  if (table.rows.length === 0) throw new DataError(`${file} has a header but no rows.`, 'Fetch it again.');

  const indexOf = new Map<string, number>(LABELS.map((name, i) => [name, i]));
  const labels = new Uint8Array(table.rows.length * LABELS.length);
  const patientIds = table.rows.map((cells, row) =>
    patientOf(cells[patientAt], file, table.lines[row], 'Patient ID'),
  );
  for (const [row, cells] of table.rows.entries()) {
    const findings = cells[findingsAt].split('|').map((part) => part.trim());
    for (const finding of findings) {
      if (finding === NO_FINDING) {
        if (findings.every((other) => other === NO_FINDING)) continue;
        throw new DataError(
          `${file}, line ${table.lines[row]}, column "Finding Labels": "${cells[findingsAt]}" contradicts itself.`,
          `Leave ${NO_FINDING} out, or the others.`,
        );
      }
      const index = indexOf.get(finding);
      if (index === undefined) {
        throw new DataError(
          `${file}, line ${table.lines[row]}, column "Finding Labels": "${finding}" is no known finding.`,
          `Known are ${NO_FINDING}, ${LABELS.join(', ')}.`,
        );
      }
      labels[row * LABELS.length + index] = 1;
    }
  }
  return {
    frame: {
      file,
      images: table.rows.map((cells, row) =>
        imageName(cells[imageAt], file, table.lines[row], 'Image Index'),
      ),
      patientIds,
      classes: [...LABELS],
      labels,
      lines: table.lines,
    },
    views: table.rows.map((cells) => cells[viewAt]),
    sexes: table.rows.map((cells) => cells[sexAt]),
  };
}
