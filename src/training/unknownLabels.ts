/** What to do about a label of NaN. */
export const UNKNOWN_HINT = 'Labels that are unknown need a loss that is made with unknownLabels: true.';
