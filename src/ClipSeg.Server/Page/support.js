// The example picture: painting or boxing where in it the thing is, by pointer or keys.

const MOST = 1024;      // a side of the example; the model reads less

export class Support {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.tool = "brush";
    this.brush = 12;
    this.picture = null;
    this.cursor = null;
    canvas.addEventListener("pointerdown", e => this.down(e));
    canvas.addEventListener("pointermove", e => this.move(e));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => this.up());
    canvas.addEventListener("keydown", e => this.typed(e));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.draw();
    });
  }

  async set(file) {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, MOST / Math.max(picture.width, picture.height));
    const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
    this.picture = new OffscreenCanvas(width, height);
    this.picture.getContext("2d").drawImage(picture, 0, 0, width, height);
    this.mask = new OffscreenCanvas(width, height);
    [this.canvas.width, this.canvas.height] = [width, height];
    this.painted = false;
    this.draw();
  }

  clear() {
    this.mask?.getContext("2d").clearRect(0, 0, this.mask.width, this.mask.height);
    this.painted = false;
    this.draw();
  }

  remove() {
    this.picture = this.mask = null;
    this.painted = false;
  }

  /** The picture and its mask as files; null if there is no example. Nothing painted means all of it. */
  async files() {
    if (!this.picture) return null;
    const picture = await this.picture.convertToBlob({ type: "image/png" });
    if (!this.painted) return { picture, mask: null };
    const canvas = new OffscreenCanvas(this.mask.width, this.mask.height);
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.mask, 0, 0);
    return { picture, mask: await canvas.convertToBlob({ type: "image/png" }) };
  }

  /** The brush's radius in pixels of the example: its size is in hundredths of the picture. */
  get radius() {
    return Math.max(1, this.brush / 200 * Math.max(this.canvas.width, this.canvas.height));
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * this.canvas.width / box.width,
      (event.clientY - box.top) * this.canvas.height / box.height];
  }

  down(event) {
    if (!this.picture) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.start = this.last = this.place(event);
    if (this.tool !== "box") this.stroke(this.start, this.start);
  }

  move(event) {
    if (!this.start) return;
    const here = this.place(event);
    if (this.tool !== "box") this.stroke(this.last, here);
    this.last = here;
    this.draw();
  }

  up() {
    if (!this.start) return;
    if (this.tool === "box") this.box(this.start, this.last);
    this.start = null;
    this.draw();
    this.changed();
  }

  typed(event) {
    if (!this.picture) return;
    const step = Math.max(1, this.radius / (event.shiftKey ? 4 : 1));
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    this.cursor ??= [this.canvas.width / 2, this.canvas.height / 2];
    if (by) {
      this.cursor = [Math.min(this.canvas.width, Math.max(0, this.cursor[0] + by[0])),
        Math.min(this.canvas.height, Math.max(0, this.cursor[1] + by[1]))];
    } else {
      this.stroke(this.cursor, this.cursor);
      this.changed();
    }
    this.draw();
  }

  stroke(from, to) {
    const context = this.mask.getContext("2d");
    context.globalCompositeOperation = this.tool === "erase" ? "destination-out" : "source-over";
    context.strokeStyle = "#fff";
    context.lineWidth = 2 * this.radius;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    this.painted = true;
    this.draw();
  }

  box([x0, y0], [x1, y1]) {
    const context = this.mask.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.fillStyle = "#fff";
    context.fillRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    this.painted = true;
  }

  draw() {
    if (!this.picture) return;
    const context = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
    context.drawImage(this.picture, 0, 0);
    const tint = new OffscreenCanvas(width, height), paint = tint.getContext("2d");
    paint.drawImage(this.mask, 0, 0);
    paint.globalCompositeOperation = "source-in";
    paint.fillStyle = "#d55e00";
    paint.fillRect(0, 0, width, height);
    context.globalAlpha = 0.55;
    context.drawImage(tint, 0, 0);
    context.globalAlpha = 1;
    context.lineWidth = Math.max(2, width / 250);
    context.strokeStyle = "#fff";
    if (this.start && this.tool === "box") {
      context.strokeRect(this.start[0], this.start[1], this.last[0] - this.start[0], this.last[1] - this.start[1]);
    }
    if (this.cursor) {
      context.beginPath();
      context.arc(...this.cursor, this.radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
