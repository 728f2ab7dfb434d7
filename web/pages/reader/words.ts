/** Pleural_Thickening as people write it. */
export const words = (label: string): string => label.replaceAll('_', ' ');
