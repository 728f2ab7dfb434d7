/** What a training was set to, as a flat list of names and values: for comparing trainings. */
import type { Hyperparameters } from '../../training/tensorboard/summaries.js';

/**
 * Numbers, truth values and the names of what was chosen by name (`{ kind: { name }, settings }`), each under its path:
 * `optimizer`, `optimizer.learningRate`. Of a list of what was chosen each has a path of its own, and is `on`. Short
 * lists of numbers are one text. All other text is left out, as it may be the name of a file or a folder.
 */
export function hyperparametersOf(settings: Readonly<Record<string, unknown>>): Hyperparameters {
  const found: Record<string, number | string | boolean> = {};
  collect('', settings, found);
  return found;
}

/** Numbers of a list that is shown; longer ones are data. */
const SHORT = 4;

/** The name of what was chosen by one. */
function nameOf(value: unknown): string | null {
  const name = (value as { kind?: { name?: unknown } } | null)?.kind?.name;
  return typeof name === 'string' ? name : null;
}

function collect(path: string, value: unknown, found: Record<string, number | string | boolean>): void {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    found[path] = value;
  } else if (Array.isArray(value)) {
    const isShort = value.length > 0 && value.length <= SHORT;
    if (isShort && value.every((x) => typeof x === 'number')) found[path] = value.join(', ');
    for (const one of value) {
      const name = nameOf(one);
      if (name !== null) collect(`${path}.${name}`, { ...one.settings, on: true }, found);
    }
  } else if (typeof value === 'object' && value !== null) {
    const name = nameOf(value);
    if (name !== null) found[path] = name;
    const fields = name === null ? value : { ...(value as { settings?: object }).settings };
    for (const [key, inner] of Object.entries(fields)) collect(path ? `${path}.${key}` : key, inner, found);
  }
}
