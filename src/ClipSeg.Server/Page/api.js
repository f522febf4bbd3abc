// What the page asks of the service. A problem (RFC 9457) becomes an Error with its detail.

let key = sessionStorage.getItem("clipseg-key");

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, options = {}, again = true) {
  const headers = { ...options.headers };
  if (key) headers["X-Api-Key"] = key;
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  if (response.status === 401 && again && await askForKey()) return ask(path, options, false);
  if (response.status === 503 && again) {
    await new Promise(done => setTimeout(done, 1000 * (Number(response.headers.get("Retry-After")) || 1)));
    options.signal?.throwIfAborted();
    return ask(path, options, false);
  }
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.detail ?? `The service answered ${response.status}.`);
}

function askForKey() {
  const dialog = document.getElementById("key-dialog");
  const field = document.getElementById("key");
  field.value = "";
  dialog.showModal();
  return new Promise(done => dialog.addEventListener("close", () => {
    key = field.value;
    sessionStorage.setItem("clipseg-key", key);
    done(key !== "");
  }, { once: true }));
}

/** What there is: { models: [{ name, size, patchSize, notFoundBelow }], jobs }. */
export async function models() {
  return (await ask("v1/models")).json();
}

/** Sends a picture; answers { id, width, height }. */
export async function read(file, model, signal) {
  const path = `v1/images?model=${encodeURIComponent(model)}`;
  return (await ask(path, { method: "POST", body: file, signal })).json();
}

/** The fields of a request as a form: lists become several fields, what is null is left out. */
function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined) data.append(name, one);
  }
  return data;
}

/** Masks of prompts: the answer of POST /v1/segment. */
export async function segment(fields, signal) {
  return (await ask("v1/segment", { method: "POST", body: form(fields), signal })).json();
}

/** The example as the model sees it, a PNG. */
export async function engineered(fields, signal) {
  return (await ask("v1/support", { method: "POST", body: form(fields), signal })).blob();
}

/** The bytes of base64 as a picture. */
export async function bitmap(base64) {
  const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

/** The jobs of the store: { jobs: [{ id, model, prompts, negatives, pictures }], more }. */
export async function jobs() {
  return (await ask("v1/jobs")).json();
}

/** How far a job is: { id, state, pictures, done, failed, dead, isFinal }. */
export async function job(id) {
  return (await ask(`v1/jobs/${id}`)).json();
}

/** Puts pictures into the queue; answers { job, pictures, published, new }. */
export async function submitJob(asked) {
  const headers = { "Content-Type": "application/json" };
  return (await ask("v1/jobs", { method: "POST", headers, body: JSON.stringify(asked) })).json();
}

export async function cancelJob(id) {
  await ask(`v1/jobs/${id}/cancel`, { method: "POST" });
}

export async function retryJob(id) {
  await ask(`v1/jobs/${id}/retry`, { method: "POST" });
}

/** Calls back with each status of a job, until there are no more. (EventSource could not send the key.) */
export async function watchJob(id, changed) {
  const response = await ask(`v1/jobs/${id}/events`);
  let text = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + part).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").find(line => line.startsWith("data:"));
      if (data) changed(JSON.parse(data.slice("data:".length)));
    }
  }
}
