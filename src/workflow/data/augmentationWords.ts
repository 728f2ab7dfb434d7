import type { AugmentationOptions } from '../../data/generator/augmentation.js';
import type { AugmentOn } from '../../data/generator/generator.js';

/** For people: "rotation range 10, horizontal flip (on the GPU)". */
export function augmentationWords(options: AugmentationOptions | undefined, on: AugmentOn = 'cpu'): string {
  if (!options) return 'none';
  const words = Object.entries(options)
    .map(([name, value]) => {
      const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return value === true ? words : `${words} ${valueWords(value)}`;
    })
    .join(', ');
  return on === 'gpu' ? `${words} (on the GPU)` : words;
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(' to ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${valueWords(part)}`)
    .join(' and ');
}
