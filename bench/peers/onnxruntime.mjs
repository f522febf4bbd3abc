// ONNX Runtime, with the graphs of clipseg export --onnx: the whole one, or the three parts.
import fs from 'node:fs';
import path from 'node:path';
import ort from 'onnxruntime-node';
import { main, pad, picture } from './engine.mjs';

let sessions;

async function load({ folder, threads }) {
    const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
    const names = fs.existsSync(path.join(folder, 'model.onnx')) ? ['model'] : ['vision', 'text', 'decoder'];
    sessions = {};
    for (const name of names)
        sessions[name] = await ort.InferenceSession.create(path.join(folder, `${name}.onnx`), options);
    return `ONNX Runtime ${ort.env.versions.common} in Node.js ${process.versions.node}`;
}

async function segment(work) {
    return sessions.model ? whole(work) : parts(work);
}

/** The graph runs for each picture; with `each` it runs for each of its prompts, too. */
async function whole({ pixels, pictures, height, width, ids, each }) {
    const results = [];
    for (let i = 0; i < pictures; i++) {
        for (const some of each ? ids.map(sequence => [sequence]) : [ids]) {
            const { values, mask, dims } = pad(some);
            const { logits } = await sessions.model.run({
                pixel_values: pixelsOf(pixels, i, height, width),
                input_ids: new ort.Tensor('int64', values, dims),
                attention_mask: new ort.Tensor('int64', mask, dims),
            });
            results.push(logits);
        }
    }
    return results;
}

/** Texts once, each picture once, and the decoder for each picture with all texts. */
async function parts({ pixels, pictures, height, width, ids }) {
    const { values, dims } = pad(ids);
    const { conditional } = await sessions.text.run({ input_ids: new ort.Tensor('int64', values, dims) });
    const results = [];
    for (let i = 0; i < pictures; i++) {
        const activations = await sessions.vision.run({ pixel_values: pixelsOf(pixels, i, height, width) });
        results.push((await sessions.decoder.run({ ...activations, conditional })).logits);
    }
    return results;
}

function pixelsOf(pixels, i, height, width) {
    return new ort.Tensor('float32', picture(pixels, i, height, width), [1, 3, height, width]);
}

await main({ load, segment });
