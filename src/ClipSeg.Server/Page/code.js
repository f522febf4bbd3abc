// What is on the screen as a line for a terminal, as C#, and as a COCO file.

const shell = text => `'${text.replaceAll("'", "'\\''")}'`;
const literal = text => JSON.stringify(text);

/** A curl command that gets what is shown. */
export function curl(state, address) {
  const fields = [`image=@${state.file}`, ...state.prompts.map(p => `prompt=${p}`), ...state.negatives.map(n => `negative=${n}`)];
  if (state.support) fields.push("support=@example.png");
  if (state.support?.painted) fields.push("supportMask=@example-mask.png");
  if (state.support && state.prompts.length) fields.push(`mix=${state.mix}`);
  if (!state.guided) fields.push("guided=0");
  if (state.fine) fields.push("fine=true");
  if (state.threshold !== 0.5) fields.push(`threshold=${state.threshold}`);
  if (!state.isDefaultModel) fields.push(`model=${state.model}`);
  return `curl ${fields.map(f => `-F ${shell(f)}`).join(" ")} ${address}v1/segment`;
}

/** The same with the library. */
export function csharp(state) {
  const lines = [`using Segmenter segmenter = Segmenter.Load(${literal(state.model)});`,
    `Image picture = Image.Load(${literal(state.file)});`, `EncodedImage encoded = segmenter.Encode(picture${state.fine ? ", fine: true" : ""});`];
  if (state.support) {
    const mask = state.support.painted ? ', Mask.Load("example-mask.png")' : "";
    lines.push(`Prompt shown = segmenter.Prompt(Image.Load("example.png")${mask});`);
    const prompts = state.prompts.length
      ? state.prompts.map(p => `Prompt.Mix(shown, segmenter.Prompt(${literal(p)}), ${state.mix}f)`) : ["shown"];
    lines.push(`Mask[] masks = segmenter.Segment(encoded, [${prompts.join(", ")}]);`);
  } else {
    const nots = state.negatives.map(n => `PromptExpression.Parse(${literal(n)})`).join(", ");
    const prompts = state.prompts.map(p => `PromptExpression.Parse(${literal(p)})${nots ? `.Without([${nots}])` : ""}`);
    lines.push(`Mask[] masks = segmenter.Segment(encoded, [${prompts.join(", ")}]);`);
  }
  lines.push(`masks[0]${state.guided ? ".GuidedFilter(picture)" : ""}.Threshold(${state.threshold}f).Save("mask.png");`);
  return lines.join("\n");
}

/** A COCO file of an answer that has parts: an annotation is a connected thing. */
export function coco(answer, file) {
  const { width, height } = answer.image;
  const things = answer.results.flatMap((r, i) => r.parts.map(part => ({ ...part, category: i + 1, score: r.score })));
  return {
    info: { description: "Masks of CLIPSeg", version: "1.0" },
    images: [{ id: 1, file_name: file, width, height }],
    categories: answer.results.map((r, i) => ({ id: i + 1, name: r.prompt || "example" })),
    annotations: things.map((thing, i) => ({
      id: i + 1, image_id: 1, category_id: thing.category, segmentation: thing.rle, area: thing.area, bbox: thing.box,
      iscrowd: 0, score: thing.score,
    })),
  };
}
