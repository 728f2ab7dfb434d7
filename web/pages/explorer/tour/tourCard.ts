/** The tour at the side of the picture: where it is, what is to be seen, on and back. */
import { html, type TemplateResult } from 'lit';
import { icons } from '../../../parts/icons.js';
import { START } from '../place.js';
import type { ExplorerSession } from '../session.js';
import { TOUR } from './steps.js';

export function tourCard(session: ExplorerSession): TemplateResult {
  const { tour } = session.place;
  const step = TOUR[tour - 1];
  const to = (number: number) => {
    const next = TOUR[number - 1];
    if (next) session.go({ ...START, ...next.place, tour: number });
    else session.go({ tour: 0 });
  };
  if (!step) {
    return html`<section class="card tour" aria-label="Tour">
      <h2>Follow one number</h2>
      <p>
        From a pixel of the picture to the loss, and back to a weight of the very first layer: five minutes, all on
        values that were computed here.
      </p>
      <div class="row">
        <button type="button" class="primary" id="tour" @click=${() => to(1)}>${icons.play} Start the tour</button>
      </div>
    </section>`;
  }
  return html`<section class="card tour running" aria-label="Tour">
    <div class="row">
      <small>${tour} of ${TOUR.length}</small>
      <span class="grow"></span>
      <button type="button" class="plain" @click=${() => to(0)}>End the tour</button>
    </div>
    <progress max=${TOUR.length} .value=${tour} aria-label="Tour"></progress>
    <h2>${step.title}</h2>
    ${step.words.map((paragraph) => html`<p>${paragraph}</p>`)}
    <div class="row">
      <button type="button" ?disabled=${tour === 1} @click=${() => to(tour - 1)}>${icons.previous} Back</button>
      <button type="button" class="primary" id="next" @click=${() => to(tour + 1)}>
        ${tour === TOUR.length ? 'Done' : 'Next'} ${icons.next}
      </button>
    </div>
  </section>`;
}
