/** Where in the picture the cursor's number looks. */
import { html, type TemplateResult } from 'lit';
import { pictureData, type View } from '../view.js';

/** @param tile side in CSS pixels */
export function fieldFigure(view: View, tile: number): TemplateResult {
  const { graph, place } = view;
  const { name } = graph.written(place.layer, place.channel);
  const { top, bottom, left, right } = graph.receptiveField(name, place.y, place.x);
  const words = `rows ${top} to ${bottom - 1}, columns ${left} to ${right - 1} of the picture`;
  return html`<figure class="field">
    <chexgpu-sheet
      gray
      .data=${pictureData(view)}
      .side=${[graph.size, graph.size]}
      .tile=${tile}
      .frame=${[top, bottom, left, right]}
      label=${`The picture, framed: ${words}`}
    ></chexgpu-sheet>
    <figcaption>Its receptive field: ${words}.</figcaption>
  </figure>`;
}
