export function tokensOf(text: string): string[];
export function smallWgsl(text: string): string;

/** All shaders as they stand, by path from the root of the source tree: JSON. */
export function shaderTexts(): string;
