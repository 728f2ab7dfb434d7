/** Lists, numbers, sizes and times as people read them: the one place, for command, report, bench and pages. */

/** The first few of a list, for a sentence. */
export function firstFew(items: readonly (string | number)[], limit = 5): string {
  const shown = items.slice(0, limit).join(', ');
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown;
}

/** A whole number: 2,000. */
export function whole(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** "1 image", "2,000 images". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** Three digits, none cut off before the point: 1234, 12.3, 0.00123; `-` for what is no number. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 100 || value === 0) return value.toFixed(0);
  return value >= 1 ? value.toPrecision(3) : value.toFixed(Math.min(6, 2 - Math.floor(Math.log10(value))));
}

/** A share of 1: 7.1 %, 64 %. @param digits after the point; default 1 below a tenth, else none */
export function percent(share: number, digits = share < 0.0995 ? 1 : 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Memory and files alike, in powers of 1000: 512 bytes, 29.2 MB, 1.07 GB. */
export function byteSize(bytes: number): string {
  if (bytes < 1e3) return plural(Math.round(bytes), 'byte');
  const [unit, divisor] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  const value = bytes / divisor;
  return `${value < 1e3 ? threeDigits(value) : whole(value)} ${unit}`;
}

/** What was measured, to three digits: 0.123 ms, 53.2 ms, 3.10 s, 66.0 s. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${threeDigits(ms)} ms`;
}

/** How long somebody waited: 8.3 s, 75 s, 4 min 10 s, 2 h 05 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
