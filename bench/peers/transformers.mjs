// Transformers.js, with the whole graph of clipseg export --onnx in the place of its own.
import path from 'node:path';
import { CLIPSegForImageSegmentation, Tensor, env } from '@huggingface/transformers';
import { main, pad, picture } from './engine.mjs';

let model;

async function load({ folder, threads }) {
    env.allowRemoteModels = false;
    env.localModelPath = path.dirname(path.resolve(folder));
    model = await CLIPSegForImageSegmentation.from_pretrained(path.basename(folder), {
        local_files_only: true,
        device: 'cpu',
        dtype: 'fp32',          // the file's name, model.onnx; what is in it may be int8
        subfolder: '',
        session_options: { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 },
    });
    return `Transformers.js ${env.version} in Node.js ${process.versions.node}`;
}

/** One call for each picture, with all prompts. */
async function segment({ pixels, pictures, height, width, ids }) {
    const { values, mask, dims } = pad(ids);
    const results = [];
    for (let i = 0; i < pictures; i++) {
        const { logits } = await model({
            pixel_values: new Tensor('float32', picture(pixels, i, height, width), [1, 3, height, width]),
            input_ids: new Tensor('int64', values, dims),
            attention_mask: new Tensor('int64', mask, dims),
        });
        results.push(logits);
    }
    return results;
}

await main({ load, segment });
