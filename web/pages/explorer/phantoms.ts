/** The phantoms that the explorer offers; a link may name others. */
export const PHANTOMS = Array.from({ length: 6 }, (_, i) => `phantom${i + 1}`);

/** `phantom2` in words. */
export const phantomTitle = (id: string): string => id.replace('phantom', 'phantom ');
