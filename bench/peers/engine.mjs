// What the engines in this folder share. An engine module gives
//   load({ folder, precision, threads }) and segment({ pixels, pictures, height, width, ids, each }) -> [logits]
// and runs in one of two ways:
//   node ENGINE.mjs                                          answers requests, a line of JSON each, until input ends
//   node ENGINE.mjs FOLDER PICTURE IDS MASK SIDE THREADS     makes one mask and ends: what a cold start is
// bench/ClipSeg.Benchmarks/Peers/PeerServer.cs is the same for ClipSeg.
import fs from 'node:fs';
import readline from 'node:readline';
import sharp from 'sharp';

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/** Runs an engine the way the command line says. */
export async function main(engine) {
    const [folder, picture, ids, mask, side, threads] = process.argv.slice(2);
    if (folder === undefined) {
        await serve(engine);
        return;
    }
    sharp.concurrency(Number(threads));
    await engine.load({ folder, threads: Number(threads) });
    const { data, height, width } = await readPicture(picture, Number(side));
    const work = { pixels: data, pictures: 1, height: Number(side), width: Number(side), ids: JSON.parse(ids) };
    const [logits] = await engine.segment(work);
    await writeMask(logits, height, width, mask);
}

/** Prompts as one batch: sequences are filled up with their last token, which ends them. */
export function pad(ids) {
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

/** One picture of several that lie in one array. */
export function picture(pixels, i, height, width) {
    const length = 3 * height * width;
    return pixels.subarray(i * length, (i + 1) * length);
}

async function serve(engine) {
    let file, pixels;
    for await (const line of readline.createInterface({ input: process.stdin })) {
        let answer;
        try {
            const request = JSON.parse(line);
            if (request.command === 'load') {
                answer = { version: await engine.load(request) };
            } else {
                if (file !== request.pixels) {
                    pixels = new Float32Array(new Uint8Array(fs.readFileSync(request.pixels)).buffer);
                    file = request.pixels;
                }
                const start = performance.now();
                const logits = await engine.segment({ ...request, pixels });
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
