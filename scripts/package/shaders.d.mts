export function smallWgsl(text: string): string;
