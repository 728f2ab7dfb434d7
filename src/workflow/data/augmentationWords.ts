import type { AugmentationOptions } from '../../data/generator/augmentation.js';

/** For people: "rotation range 10, horizontal flip". */
export function augmentationWords(options: AugmentationOptions | undefined): string {
  if (!options) return 'none';
  return Object.entries(options)
    .map(([name, value]) => {
      const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return value === true ? words : `${words} ${Array.isArray(value) ? value.join(' to ') : value}`;
    })
    .join(', ');
}
