/** What a training was set to, as a flat list of names and values: for comparing trainings. */
import type { Hyperparameters } from '../../training/tensorboard/summaries.js';

/**
 * Numbers, truth values and the names of what was chosen by name (`{ kind: { name }, settings }`), each under its path:
 * `optimizer`, `optimizer.learningRate`. Short lists of numbers are one text. All other text is left out, as it may be
 * the name of a file or a folder.
 */
export function hyperparametersOf(settings: Readonly<Record<string, unknown>>): Hyperparameters {
  const found: Record<string, number | string | boolean> = {};
  collect('', settings, found);
  return found;
}

/** Numbers of a list that is shown; longer ones are data. */
const SHORT = 4;

function collect(path: string, value: unknown, found: Record<string, number | string | boolean>): void {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    found[path] = value;
  } else if (Array.isArray(value)) {
    if (value.length <= SHORT && value.every((x) => typeof x === 'number')) found[path] = value.join(', ');
  } else if (typeof value === 'object' && value !== null) {
    const { kind, settings } = value as { kind?: { name?: unknown }; settings?: object };
    const name = kind?.name;
    if (typeof name === 'string') found[path] = name;
    const fields = typeof name === 'string' ? { ...settings } : value;
    for (const [key, inner] of Object.entries(fields)) collect(path ? `${path}.${key}` : key, inner, found);
  }
}
