// Draws a picture and its masks, at any size. Masks are grey pictures: black is probability 0, white is 1.

const MOST = 1600;      // a side of what is shown; what is saved has all pixels

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.kind = "overlay";
    this.threshold = 0.5;
    this.clear();
  }

  clear() {
    this.picture = null;
    this.masks = [];
    this.plan = null;
  }

  /** Shows a picture, without masks; width and height are the file's, upright. */
  setPicture(picture) {
    this.clear();
    this.picture = picture;
    const scale = Math.min(1, MOST / Math.max(picture.width, picture.height));
    this.canvas.width = Math.max(1, Math.round(picture.width * scale));
    this.canvas.height = Math.max(1, Math.round(picture.height * scale));
    this.draw();
  }

  /** Shows masks: [{ bitmap, colour: [r, g, b], visible, isBelowLimit }]. */
  setMasks(masks) {
    this.masks = masks;
    for (const mask of masks) mask.values ??= values(mask.bitmap, this.canvas.width, this.canvas.height);
    this.draw();
  }

  draw() {
    if (!this.picture || this.plan) return;
    this.plan = requestAnimationFrame(() => {
      this.plan = null;
      if (!this.picture) return;
      const { width, height } = this.canvas;
      const visible = this.shown(this.kind).map(m => ({ colour: m.colour, values: m.values }));
      const image = compose(this.picture, visible, width, height, this.kind, this.threshold);
      this.canvas.getContext("2d").putImageData(image, 0, 0);
      this.canvas.classList.toggle("cutout", this.kind === "cutout");
      this.canvas.dataset.drawn = `${this.kind} ${this.threshold} ${visible.length}`;
    });
  }

  /** The masks of a view: an overlay has no colour for what is not found. */
  shown(kind) {
    return this.masks.filter(m => m.visible && (kind !== "overlay" || isFound(m, this.threshold)));
  }

  /** The same view with all the picture's pixels, as a PNG. */
  async save(kind) {
    const { width, height } = this.picture;
    const canvas = new OffscreenCanvas(width, height);
    const masks = this.shown(kind)
      .map(m => ({ colour: kind === "binary" ? [255, 255, 255] : m.colour, values: values(m.bitmap, width, height) }));
    canvas.getContext("2d").putImageData(compose(this.picture, masks, width, height, kind, this.threshold), 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
}

/** The share of a mask's pixels above a threshold; counted once for each. */
export function shareAbove(mask, threshold) {
  if (mask.counted?.threshold !== threshold) {
    const limit = threshold * 255;
    let above = 0;
    for (const value of mask.values) if (value > limit) above++;
    mask.counted = { threshold, share: above / mask.values.length };
  }
  return mask.counted.share;
}

/** Whether a mask's thing is there: a pixel is above the threshold, and the score is not below the model's own limit. */
export function isFound(mask, threshold) {
  return !mask.isBelowLimit && shareAbove(mask, threshold) > 0;
}

function pixels(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function values(bitmap, width, height) {
  const { data } = pixels(bitmap, width, height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return grey;
}

function compose(picture, masks, width, height, kind, threshold) {
  const image = kind === "overlay" || kind === "cutout"
    ? pixels(picture, width, height)
    : new ImageData(width, height);
  const data = image.data;
  const limit = threshold * 255;
  for (let i = 0; i < width * height; i++) {
    const at = 4 * i;
    if (kind === "cutout") data[at + 3] = masks.length && !masks.some(m => m.values[i] > limit) ? 0 : data[at + 3];
    else if (kind === "overlay") tint(data, at, masks, i, limit);
    else flat(data, at, masks, i, limit, kind === "soft");
  }
  if (kind === "overlay") for (const mask of masks) outline(data, mask, width, height, limit);
  return image;
}

/** Colours in proportion to the probabilities; what no mask wants loses some light and colour. */
function tint(data, at, masks, i, limit) {
  if (masks.length === 0) return;
  let most = 0, sum = 0, red = 0, green = 0, blue = 0;
  for (const { colour, values: grey } of masks) {
    const p = grey[i] / 255;
    most = Math.max(most, grey[i]);
    sum += p;
    red += p * colour[0];
    green += p * colour[1];
    blue += p * colour[2];
  }
  const cover = most > limit ? 0.5 : 0.4 * most / 255, dim = 0.45 * (1 - most / 255);
  const grey = 0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2];
  const mixed = sum > 0 ? cover / sum : 0;
  for (const [channel, tinted] of [red, green, blue].entries()) {
    const dimmed = data[at + channel] * (1 - dim) + grey * 0.75 * dim;
    data[at + channel] = dimmed * (1 - cover) + tinted * mixed;
  }
}

/** Masks alone: probabilities as light, or all or nothing; white if there is one mask. */
function flat(data, at, masks, i, limit, soft) {
  let red = 0, green = 0, blue = 0;
  for (const { colour, values: grey } of masks) {
    const p = soft ? grey[i] / 255 : grey[i] > limit ? 1 : 0;
    const [r, g, b] = masks.length === 1 ? [255, 255, 255] : colour;
    red = Math.max(red, p * r);
    green = Math.max(green, p * g);
    blue = Math.max(blue, p * b);
  }
  data[at] = red;
  data[at + 1] = green;
  data[at + 2] = blue;
  data[at + 3] = 255;
}

function outline(data, { colour, values: grey }, width, height, limit) {
  const thick = Math.max(1, Math.round(Math.min(width, height) / 350));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (grey[i] <= limit) continue;
      const edge = (x >= thick && grey[i - thick] <= limit) || (x + thick < width && grey[i + thick] <= limit)
        || (y >= thick && grey[i - thick * width] <= limit) || (y + thick < height && grey[i + thick * width] <= limit);
      if (!edge) continue;
      data[4 * i] = colour[0];
      data[4 * i + 1] = colour[1];
      data[4 * i + 2] = colour[2];
    }
  }
}
