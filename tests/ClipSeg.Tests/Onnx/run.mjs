// Runs ONNX models by ONNX Runtime: node run.mjs JOB. The job file is a list of
//   { model, inputs: { name: { type, dims, file } }, outputs: { name: file } }
// and the answer, one line of JSON a run, says the outputs' shapes. The files are bare little-endian elements.
import fs from 'node:fs';
import ort from 'onnxruntime-node';

const arrays = { float32: Float32Array, int64: BigInt64Array };

for (const run of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
    const session = await ort.InferenceSession.create(run.model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const inputs = {};
    for (const [name, { type, dims, file }] of Object.entries(run.inputs)) {
        const bytes = new Uint8Array(fs.readFileSync(file));
        inputs[name] = new ort.Tensor(type, new arrays[type](bytes.buffer), dims);
    }
    const results = await session.run(inputs);
    const shapes = {};
    for (const [name, file] of Object.entries(run.outputs)) {
        const { data, dims } = results[name];
        fs.writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        shapes[name] = dims;
    }
    console.log(JSON.stringify(shapes));
    await session.release();
}
