// Jobs: the pictures of a folder of the service's store, worked on by whoever runs clipseg worker.

import * as api from "./api.js";

const $ = id => document.getElementById(id);
const MOST_WATCHED = 3;         // a browser has six connections to a place, and the page needs some of them
const PAUSE = 3000;             // milliseconds before a stream that broke is asked for again
const STATES = {
  submitting: "being submitted", running: "running", done: "done", cancelled: "cancelled", dead: "put aside",
};

/** The panel of jobs, which is shown where the service has some. */
export class Jobs {
  /** model() is what jobs are submitted for; say(text) tells who cannot see. */
  constructor(model, say) {
    [this.model, this.say] = [model, say];
    this.jobs = new Map();      // by name: { job, status, item, watching }
    $("job-form").addEventListener("submit", e => {
      e.preventDefault();
      this.submit();
    });
    $("jobs").hidden = false;
    this.list();
  }

  async list() {
    await this.tell(async () => {
      const { jobs, more } = await api.jobs();
      for (const job of jobs) this.add(job);
      $("jobs-none").hidden = this.jobs.size > 0;
      $("jobs-more").hidden = !more;
      for (const entry of this.jobs.values()) {
        if (!entry.status) this.show(entry, await api.job(entry.job.id));
      }
      const running = [...this.jobs.values()].filter(entry => !entry.status.isFinal);
      $("job-list").prepend(...running.map(entry => entry.item.root));
    });
    this.watch();
  }

  add(job) {
    if (this.jobs.has(job.id)) return;
    const entry = { job, status: null, watching: false };
    entry.item = this.item(entry);
    this.jobs.set(job.id, entry);
    $("job-list").prepend(entry.item.root);
  }

  async submit() {
    const lines = text => text.split("\n").map(line => line.trim()).filter(line => line);
    const asked = {
      folder: $("job-folder").value.trim(), prompts: lines($("job-prompts").value), model: this.model(),
      save: [...document.querySelectorAll("[name=job-save]:checked")].map(box => box.value),
    };
    $("job-submit").disabled = true;
    $("job-submit").textContent = "Submitting …";
    await this.tell(async () => {
      const { job, pictures, published } = await api.submitJob(asked);
      this.say(published ? `Submitted: ${count(pictures, "picture")}.` : "The same job was submitted before.");
      this.jobs.get(job)?.item.root.remove();
      this.jobs.delete(job);
      await this.list();
      this.jobs.get(job)?.item.root.focus();
    });
    $("job-submit").disabled = false;
    $("job-submit").textContent = "Submit";
  }

  /** Does something with a job, and looks at it again. */
  async act(entry, work) {
    await this.tell(async () => {
      await work(entry.job.id);
      this.show(entry, await api.job(entry.job.id));
    });
    this.watch();
  }

  /** Follows jobs that are under way, some at a time. */
  watch() {
    const free = MOST_WATCHED - [...this.jobs.values()].filter(entry => entry.watching).length;
    const waiting = [...this.jobs.values()].filter(entry => entry.status && !entry.status.isFinal && !entry.watching);
    for (const entry of waiting.slice(0, Math.max(0, free))) this.follow(entry);
  }

  async follow(entry) {
    entry.watching = true;
    try {
      await api.watchJob(entry.job.id, status => this.show(entry, status));
    } catch {
      // It is asked for again below, or says itself what is wrong when a button is pressed.
    }
    if (!entry.status.isFinal) await new Promise(done => setTimeout(done, PAUSE));
    entry.watching = false;
    if (entry.status.isFinal) this.say(`${entry.job.prompts.join(", ")}: ${STATES[entry.status.state]}.`);
    this.watch();
  }

  item(entry) {
    const { id, model, prompts, negatives } = entry.job;
    const name = prompts.join(", ") + (negatives.length ? ` but not ${negatives.join(", ")}` : "");
    const bar = element("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Pictures done of ${name}`);
    const state = element("b", { className: "state" }), numbers = element("span", { className: "quiet" });
    const cancel = element("button", { type: "button", textContent: "Cancel", hidden: true });
    cancel.setAttribute("aria-label", `Cancel ${name}`);
    cancel.addEventListener("click", () => this.act(entry, api.cancelJob));
    const retry = element("button", { type: "button", textContent: "Retry", hidden: true });
    retry.setAttribute("aria-label", `Retry ${name}`);
    retry.addEventListener("click", () => this.act(entry, api.retryJob));
    const root = element("li", { className: "job", tabIndex: -1 },
      element("div", { className: "job-head" }, element("span", { className: "name", textContent: name, title: name }), state),
      bar,
      element("div", { className: "job-foot" }, numbers, element("span", { className: "job-hands" }, cancel, retry)),
      element("code", { className: "quiet", textContent: `clipseg jobs fetch ${id} -o out`, title: `Model ${model}` }));
    root.dataset.job = id;
    return { root, bar, state, numbers, cancel, retry };
  }

  show(entry, status) {
    entry.status = status;
    const { root, bar, state, numbers, cancel, retry } = entry.item;
    root.dataset.state = status.state;
    bar.max = status.pictures;
    bar.value = status.done;
    state.textContent = STATES[status.state];
    numbers.textContent = [`${status.done.toLocaleString("en")} of ${count(status.pictures, "picture")}`,
      ...status.failed ? [`${status.failed.toLocaleString("en")} could not be read`] : [],
      ...status.dead ? [`${status.dead.toLocaleString("en")} put aside`] : []].join(" · ");
    const held = document.activeElement;
    cancel.hidden = status.isFinal;
    retry.hidden = !status.dead;
    if (held?.hidden) root.focus();         // the focus stays where it was, though the button went
  }

  /** Does something that may fail, and says so in the panel. */
  async tell(work) {
    const error = $("jobs-error");
    error.hidden = true;
    try {
      await work();
    } catch (e) {
      error.textContent = e.message;
      error.hidden = false;
    }
  }
}

const count = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
