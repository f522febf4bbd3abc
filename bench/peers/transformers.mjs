// Transformers.js, with the whole graph of clipseg export --onnx in the place of its own:
//   node transformers.mjs                                          answers requests, a line of JSON each, to the end
//   node transformers.mjs FOLDER PICTURE IDS MASK SIDE THREADS     makes one mask and ends: what a cold start is
// bench/ClipSeg.Peers/PeerServer.cs is the same for engines in .NET.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { CLIPSegForImageSegmentation, Tensor, env } from '@huggingface/transformers';
import sharp from 'sharp';

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

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
async function segment({ pixels, pictures, side, ids }) {
    const { values, mask, dims } = pad(ids);
    const length = 3 * side * side;
    const results = [];
    for (let i = 0; i < pictures; i++) {
        const { logits } = await model({
            pixel_values: new Tensor('float32', pixels.subarray(i * length, (i + 1) * length), [1, 3, side, side]),
            input_ids: new Tensor('int64', values, dims),
            attention_mask: new Tensor('int64', mask, dims),
        });
        results.push(logits);
    }
    return results;
}

/** Prompts as one batch: sequences are filled up with their last token, which ends them. */
function pad(ids) {
    const length = Math.max(...ids.map(sequence => sequence.length));
    const values = new BigInt64Array(ids.length * length), mask = new BigInt64Array(ids.length * length);
    ids.forEach((sequence, i) => {
        for (let j = 0; j < length; j++) {
            values[i * length + j] = BigInt(sequence[Math.min(j, sequence.length - 1)]);
            mask[i * length + j] = BigInt(j < sequence.length ? 1 : 0);
        }
    });
    return { values, mask, dims: [ids.length, length] };
}

async function serve() {
    let file, pixels;
    for await (const line of readline.createInterface({ input: process.stdin })) {
        let answer;
        try {
            const request = JSON.parse(line);
            if (request.command === 'load') {
                answer = { version: await load(request) };
            } else {
                if (file !== request.pixels) {
                    pixels = new Float32Array(new Uint8Array(fs.readFileSync(request.pixels)).buffer);
                    file = request.pixels;
                }
                const start = performance.now();
                const logits = await segment({ ...request, pixels });
                answer = { ms: performance.now() - start };
                if (request.output) fs.writeFileSync(request.output, bytesOf(logits));
            }
        } catch (e) {
            answer = { error: String(e.message ?? e).split('\n')[0] };
        }
        process.stdout.write(JSON.stringify(answer) + '\n');
    }
}

function bytesOf(logits) {
    return Buffer.concat(logits.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

async function once(folder, picture, ids, mask, side, threads) {
    sharp.concurrency(threads);
    await load({ folder, threads });
    const { data, height, width } = await readPicture(picture, side);
    const [logits] = await segment({ pixels: data, pictures: 1, side, ids: JSON.parse(ids) });
    await writeMask(logits, height, width, mask);
}

async function readPicture(file, side) {
    const image = sharp(file).removeAlpha();
    const { height, width } = await image.metadata();
    const bytes = await image.resize(side, side, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
    const data = new Float32Array(3 * side * side);
    for (let c = 0; c < 3; c++) {
        for (let i = 0; i < side * side; i++) data[c * side * side + i] = (bytes[3 * i + c] / 255 - mean[c]) / deviation[c];
    }
    return { data, height, width };
}

async function writeMask({ data, dims }, height, width, file) {
    const bytes = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i++) bytes[i] = Math.round(255 / (1 + Math.exp(-data[i])));
    await sharp(bytes, { raw: { height: dims.at(-2), width: dims.at(-1), channels: 1 } })
        .resize(width, height, { fit: 'fill', kernel: 'linear' }).toColourspace('b-w').png().toFile(file);
}

const [folder, picture, ids, mask, side, threads] = process.argv.slice(2);
if (folder === undefined) await serve();
else await once(folder, picture, ids, mask, Number(side), Number(threads));
