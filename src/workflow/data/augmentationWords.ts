import type { AugmentationOptions } from '../../data/generator/augmentation.js';

/** For people: "rotation range 10, horizontal flip". */
export function augmentationWords(options: AugmentationOptions | undefined): string {
  if (!options) return 'none';
  return Object.entries(options)
    .map(([name, value]) => {
      const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return value === true ? words : `${words} ${valueWords(value)}`;
    })
    .join(', ');
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(' to ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${valueWords(part)}`)
    .join(' and ');
}
