/** Lines of a program as its maker sees them. */

/** Neither blank nor a comment alone. */
export function countLines(program: string): number {
  const lines = program.replace(/\/\*[\s\S]*?\*\//g, '').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
}
