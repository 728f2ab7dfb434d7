/** The library speaks of options, `bnEpsilon` or `scaling: range`; who types a command knows them as its flags. */

const OPTION = /`([a-z][A-Za-z]*)(?:: ([^`]+))?`/g;

/** @param flags of the command; an option that is none of them stays as it is */
export function optionsAsFlags(text: string, flags: readonly string[]): string {
  return text.replace(OPTION, (said, option: string, value?: string) => {
    const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const off = value === 'false' && flags.includes(`--no-${name}`);
    if (off) return `--no-${name}`;
    if (!flags.includes(`--${name}`)) return said;
    return value === undefined || value === 'true' ? `--${name}` : `--${name} ${value}`;
  });
}
