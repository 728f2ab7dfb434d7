/** Elements of the page by id, and the words it speaks in. */
import { ChexError, OutOfMemoryError, UsageError } from 'chexgpu';

/** The element with this id; the page and its script must agree, so a missing one is a mistake of ours. */
export function byId<T extends Element>(id: string, type: abstract new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} called ${id}`);
  return element;
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** What an error says to the visitor, in one line. */
export function errorLine(error: unknown): string {
  if (error instanceof OutOfMemoryError) {
    const [what] = error.message.split(error.hint);
    return `${what.trim()} Choose a smaller image or batch size.`;
  }
  if (error instanceof ChexError) return error.message;
  const what = error instanceof Error ? error.message : String(error);
  return `Something unforeseen went wrong (${what}). Reload the page to start again.`;
}

/** Lets the browser draw and answer clicks between two pieces of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Pleural_Thickening as people write it. */
export function words(label: string): string {
  return label.replaceAll('_', ' ');
}

/**
 * The number in a field, within the field's own limits; checked by hand, as the browser takes any value of a
 * disabled field for valid.
 * @throws UsageError naming the field
 */
export function numberIn(id: string, name: string): number {
  const { valueAsNumber: value, min, max, step } = byId(id, HTMLInputElement);
  const whole = step === '1';
  if (!(value >= Number(min) && value <= Number(max)) || (whole && !Number.isInteger(value))) {
    throw new UsageError(`${name} must be ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}.`);
  }
  return value;
}
