/** Line icons, 24 x 24, in the colour of the text beside them. */
import { type SVGTemplateResult, svg } from 'lit';

const icon = (d: string): SVGTemplateResult =>
  svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${d} /></svg>`;

export const icons = {
  add: icon('M12 5v14M5 12h14'),
  folder: icon('M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z'),
  pencil: icon('M4 20h4L19 9l-4-4L4 16zM13.5 6.500l4 4'),
  previous: icon('M15 5l-7 7 7 7'),
  next: icon('M9 5l7 7-7 7'),
  save: icon('M12 4v11m-4.5-4.500L12 15l4.5-4.500M5 19h14'),
  play: icon('M7 5l12 7-12 7z'),
  pause: icon('M8 5v14M16 5v14'),
  stop: icon('M6 6h12v12H6z'),
  close: icon('M6 6l12 12M18 6L6 18'),
  warning: icon('M12 4L2.5 20h19zM12 10v4.500M12 17.500v.01'),
  light: icon(
    `M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2
    M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19`,
  ),
  dark: icon('M20 14.500A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.500z'),
  auto: icon('M3 5h18v11H3zM9 20h6M12 16v4'),
  chip: icon('M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4'),
} as const;
