/** Patients and images in more than one split, before a training: its scores would be worth nothing. */
import { DataError } from '../../core/errors.js';
import { firstFew, plural } from '../../core/formatting.js';
import { patientLeakage, sharedImages } from '../../data/tables/leakage.js';
import type { WorkContext } from '../reporter.js';
import type { Dataset } from './dataset.node.js';

/**
 * The notebook's leakage check, over every pair: a warning, as there. Images that two splits share under other patients
 * leak as well.
 * @throws DataError with `refuse`
 */
export function checkLeakage(
  { out }: Pick<WorkContext, 'out'>,
  { train, valid, test }: Pick<Dataset, 'train' | 'valid' | 'test'>,
  refuse: boolean,
): void {
  const leaks = patientLeakage({ train, valid, test });
  const images = sharedImages({ train, valid, test });
  for (const { between, patientIds } of leaks) {
    out.say(`Patients in both ${between.join(' and ')}: ${patientIds.length}`);
  }
  const words = leaks.flatMap(({ between, patientIds }, pair) => {
    const shared = images[pair].images;
    const what =
      patientIds.length > 0
        ? `${plural(patientIds.length, 'patient')} (${firstFew(patientIds)})`
        : `${plural(shared.length, 'image')} under other patients (${firstFew(shared)})`;
    return patientIds.length + shared.length > 0 ? [`${between.join(' and ')} share ${what}`] : [];
  });
  if (words.length === 0) return;
  const message = `The splits leak: ${words.join('; ')}. Scores on them say too much.`;
  if (refuse)
    throw new DataError(message, 'Split by patient, each image once; or leave out `refuseLeakage: true`.');
  out.warn(message);
}
