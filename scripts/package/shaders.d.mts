export function tokensOf(text: string): string[];
export function smallWgsl(text: string): string;
