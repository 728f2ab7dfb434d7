/** How the levels are laid out. */
import { css } from 'lit';

export const exploreStyles = css`
  :host {
    display: block;
    container-type: inline-size;
    min-height: 0;
    background: none;
    --plus: rgb(16 138 156);
    --minus: rgb(214 106 32);
    --ring: light-dark(#16202a, #f2f5f7);
  }
  figure {
    margin: 0;
    min-width: 0;
  }
  figcaption,
  small {
    font-size: 12.5px;
    color: var(--muted);
  }
  .stage h2 {
    font-size: 14.5px;
    font-weight: 650;
    margin-bottom: 10px;
  }
  h3 {
    margin: 12px 0 6px;
    font-size: 13.5px;
    font-weight: 600;
  }
  .explore {
    display: grid;
    gap: 14px;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 10px 18px;
  }
  .trail ol {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
  }
  .trail li {
    display: flex;
    align-items: center;
    gap: 4px;
    min-width: 0;
  }
  .trail li + li::before {
    content: '›';
    color: var(--muted);
  }
  .trail button {
    display: grid;
    justify-items: start;
    gap: 0;
    padding: 4px 12px;
    text-align: left;
    line-height: 1.3;
    min-width: 0;
    max-width: 250px;
    background: transparent;
    border-color: transparent;
  }
  .trail button span {
    font-size: 13.5px;
    max-width: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    font-variant-numeric: tabular-nums;
  }
  .trail button[aria-current='step'] {
    background: var(--surface);
    border-color: var(--accent);
  }
  .switch {
    display: flex;
  }
  .switch button {
    border-radius: 0;
    margin-left: -1px;
  }
  .switch button:first-child {
    border-radius: 8px 0 0 8px;
  }
  .switch button:last-child {
    border-radius: 0 8px 8px 0;
  }
  .switch button[aria-pressed='true'] {
    z-index: 1;
    font-weight: 600;
  }
  .split {
    display: grid;
    gap: 14px;
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
  }
  .card.tour {
    order: -1;
  }
  @container (min-width: 1040px) {
    .split {
      grid-template-columns: minmax(0, 1fr) 340px;
      grid-template-rows: auto 1fr;
    }
    .card.picture {
      grid-row: 1 / span 2;
    }
    .card.tour {
      grid-column: 2;
      grid-row: 1;
    }
    .card.words {
      grid-column: 2;
      grid-row: 2;
    }
  }
  .card.picture {
    overflow: hidden;
    display: grid;
    gap: 12px;
  }
  .stage {
    border-radius: 8px;
    outline-offset: 6px;
    min-height: 340px;
    min-width: 0;
  }
  .steps {
    border-top: 1px solid var(--line);
    padding-top: 12px;
  }
  .words,
  .tour {
    display: grid;
    gap: 10px;
    font-size: 14.5px;
  }
  .tour.running {
    border-color: var(--accent);
  }
  .tour progress {
    width: 100%;
    height: 6px;
    accent-color: var(--accent);
  }
  #cursor {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .legend {
    color: var(--muted);
    font-size: 13px;
  }
  .legend i {
    display: inline-block;
    width: 12px;
    height: 12px;
    border-radius: 3px;
    vertical-align: -1px;
    background: var(--plus);
    margin-left: 4px;
  }
  .legend i.minus {
    background: var(--minus);
    margin-left: 12px;
  }

  /* The network. */
  .network {
    display: grid;
    gap: 18px;
    grid-template-columns: auto minmax(0, 1fr);
  }
  .network .map {
    grid-column: 1 / -1;
    grid-row: 2;
    position: relative;
  }
  .network.wide {
    grid-template-columns: 132px minmax(0, 1fr) 156px;
  }
  .network.wide .map {
    grid-column: 2;
    grid-row: 1;
  }
  svg text {
    fill: var(--muted);
    font: 12px var(--font);
    font-variant-numeric: tabular-nums;
  }
  svg .title {
    fill: var(--ink);
    font-weight: 600;
    font-size: 13px;
  }
  svg .here .title {
    fill: var(--accent);
  }
  svg .here text:first-child {
    fill: var(--ink);
    font-weight: 600;
  }
  svg .ground {
    stroke: var(--line-strong);
  }
  svg .ring {
    fill: none;
    stroke: var(--ring);
    stroke-width: 1.5;
  }
  svg .arrow {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.6;
  }
  svg .arrow.back {
    stroke: var(--found);
  }
  .thumb {
    position: absolute;
  }
  .over {
    position: absolute;
    background: none;
    border: 1px solid transparent;
    border-radius: 10px;
    padding: 0;
    min-height: 0;
  }
  .over:hover {
    border-color: var(--line-strong);
  }
  .over.here[aria-pressed='true'] {
    background: none;
    border-color: var(--accent);
  }
  .ends ul {
    display: grid;
    gap: 2px;
    margin: 6px 0 10px;
  }
  .ends li button {
    width: 100%;
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 8px;
    padding: 3px 6px;
    min-height: 30px;
    font-size: 13px;
    text-align: left;
  }
  .ends .name {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .ends .value {
    font-variant-numeric: tabular-nums;
  }
  .ends .track {
    grid-column: 1 / -1;
    grid-row: 2;
    height: 4px;
    border-radius: 2px;
    background: var(--sunken);
    overflow: hidden;
  }
  .ends .track i {
    display: block;
    height: 100%;
    background: var(--plus);
  }
  .ends .track i.minus {
    background: var(--minus);
  }
  .ends .loss {
    width: 100%;
    justify-content: space-between;
  }

  /* A block. */
  .block {
    display: grid;
    gap: 22px;
  }
  .stack .rows {
    position: relative;
  }
  .stack svg {
    display: block;
  }
  .stack .old {
    opacity: 0.5;
  }
  .stack chexgpu-sheet {
    position: absolute;
    pointer-events: none;
  }
  .stack .over {
    border-radius: 6px;
  }
  .arrivals ol,
  .chain ol {
    display: flex;
    flex-wrap: wrap;
    gap: 12px;
  }
  .arrivals li {
    display: flex;
    align-items: start;
    gap: 10px;
  }
  .arrivals figcaption {
    max-width: 110px;
    overflow-wrap: anywhere;
    margin-top: 4px;
    font-variant-numeric: tabular-nums;
  }
  .arrivals figcaption b {
    color: var(--ink);
  }
  .sign {
    font-size: 20px;
    color: var(--muted);
    align-self: center;
  }
  .arrivals p {
    margin-top: 8px;
  }
  .layer {
    display: grid;
    gap: 6px;
    align-content: start;
    padding: 8px;
    border: 1px solid var(--line);
    border-radius: 10px;
    height: 100%;
  }
  .layer.here {
    border-color: var(--accent);
    box-shadow: inset 0 0 0 1px var(--accent);
  }
  .layer .name {
    display: grid;
    justify-content: start;
    justify-items: start;
    gap: 0;
    padding: 2px 4px;
    white-space: normal;
    text-align: left;
    line-height: 1.3;
    background: none;
    border-color: transparent;
  }
  .layer .name span {
    font-size: 12px;
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .kernels {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, auto));
    gap: 8px;
    justify-content: start;
  }
  .none {
    min-height: 60px;
  }

  /* A channel. */
  .channel {
    display: grid;
    gap: 22px;
    grid-template-columns: minmax(0, 1fr);
  }
  .channel .big {
    display: grid;
    gap: 10px;
    align-content: start;
    justify-items: start;
  }
  .channel .about {
    display: grid;
    gap: 18px;
    align-content: start;
  }
  .place {
    font-size: 14px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  @container (min-width: 720px) {
    .channel {
      grid-template-columns: auto minmax(0, 1fr);
    }
  }
`;
