/** What a browser says of itself, in short. */

/** "Chrome 153.0.0.0", of what the browser calls itself. */
export function browserOf(userAgent: string): string {
  const known = [
    [/Edg\/([\d.]+)/, 'Edge'],
    [/Firefox\/([\d.]+)/, 'Firefox'],
    [/Chrome\/([\d.]+)/, 'Chrome'],
    [/Version\/([\d.]+).*Safari/, 'Safari'],
  ] as const;
  for (const [form, name] of known) {
    const found = form.exec(userAgent);
    if (found) return `${name} ${found[1]}`;
  }
  return userAgent;
}

/** "X11; Linux x86_64" */
export function systemOf(userAgent: string): string {
  return /\(([^)]*)\)/.exec(userAgent)?.[1] ?? 'unknown';
}
