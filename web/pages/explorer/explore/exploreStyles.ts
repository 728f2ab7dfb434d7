/** How the picture stands beside its words. */
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
`;
