// The desk's hot path: the next job is fetched ahead and painted at once; a decision is saved behind it.

import { fetchJob, fetchNextJob, keepJob, sendForm, takeBack } from "./desk_requests.js";
import { listenToKeys } from "./desk_keys.js";
import { dropDraft, keepDraft, restoreDraft } from "./drafts.js";
import { followSources } from "./sources.js";
import { controlOf, listEdited, paintChanges, putBack, suggestReason } from "./field_changes.js";

const TOO_SOON_MS = 250; // a key meant for the job before must not decide this one
const RENEW_MS = 60_000; // leases last four minutes
const UNDONE_AT_MOST = 10;
const LEGENDS = { corrected: "Changed because", rejected: "Rejected because", escalated: "Escalated because" };
const EDITED = "You changed something. Save the edit with Ctrl+Enter, or put it back first.";
const NOTHING_TO_ACCEPT = "There is nothing to accept: the agent handed this job back. Fill it in, or reject it.";

class Desk {
  constructor(root) {
    this.root = root;
    this.address = root.dataset.desk;
    this.place = root.querySelector("[data-desk-place]");
    this.said = document.getElementById("desk-said");
    this.upcoming = [];
    this.saving = new Map();
    this.decided = new Map(); // the last jobs as they were decided, so that an undo shows them again with what was typed
    this.settled = Promise.resolve();
    this.fetching = null;
    root.classList.add("is-live");
    this.listen();
    listenToKeys(this);
    followSources(this);
    this.show(this.place.querySelector("[data-job]"));
  }

  // ---- what is on screen

  show(job) {
    this.job = job;
    this.verdict = "";
    if (job.parentElement !== this.place) this.place.replaceChildren(job);
    if (restoreDraft(this.address, job)) this.say("Your draft of this job is back.");
    paintChanges(job);
    this.openReasons("");
    this.paintedAt = this.countingSince = performance.now();
    window.scrollTo(0, 0);
    job.querySelector("h1").focus({ preventScroll: true });
    this.prefetch();
    if (performance.now() - (job.leasedAt ??= performance.now()) > RENEW_MS) this.renew();
  }

  async showNext() {
    const next = this.upcoming.shift() ?? (await this.waitForNext());
    history.replaceState(null, "", this.address);
    if (next) this.show(next);
    return Boolean(next);
  }

  async waitForNext() {
    this.root.classList.add("is-waiting");
    await this.prefetch();
    this.root.classList.remove("is-waiting");
    return this.upcoming.shift();
  }

  prefetch() {
    if (this.upcoming.length) return Promise.resolve();
    const held = [this.job.dataset.job, ...this.saving.keys()];
    this.fetching ??= fetchNextJob(this.address, held).then((job) => {
      this.fetching = null;
      if (!job || this.holds(job.dataset.job)) return;
      job.leasedAt = performance.now();
      this.upcoming.push(job);
    });
    return this.fetching;
  }

  holds(number) {
    return this.job.dataset.job === number || this.saving.has(number) || this.upcoming.some((job) => job.dataset.job === number);
  }

  say(text, tone = "") {
    this.said.className = `desk-said ${tone}`.trim();
    this.said.textContent = text;
  }

  // ---- deciding

  decide(verdict) {
    if (this.isTooSoon()) return;
    const edited = listEdited(this.job);
    if (verdict === "corrected" && !edited.length) return void this.edit();
    if (verdict !== "corrected" && edited.length) return void this.say(EDITED, "warn");
    if (verdict === "accepted" && !this.hasOutput) return void this.say(NOTHING_TO_ACCEPT, "warn");
    if (verdict !== "accepted" && !this.job.querySelector("[name=reason]:checked")) return void this.askWhy(verdict);
    const body = this.readForm();
    body.set("verdict", verdict);
    this.settled = Promise.all([this.settled, this.finish(body, this.job.querySelector("form").action)]);
  }

  skip() {
    if (this.isTooSoon()) return;
    this.finish(this.readForm(), this.job.querySelector("[data-skip]").formAction);
  }

  saveEdit() {
    if (listEdited(this.job).length) this.decide("corrected");
    else if (this.verdict) this.decide(this.verdict);
    else this.say("Nothing is changed yet.", "warn");
  }

  async finish(body, address) {
    const job = this.job;
    this.saving.set(job.dataset.job, job);
    this.countTime();
    const hasNext = await this.showNext();
    if (!hasNext) body.set("is_last", "yes");
    const answer = await sendForm(address, body);
    this.saving.delete(job.dataset.job);
    if (answer.kind === "saved" && body.has("verdict")) {
      this.keepDecided(job);
      this.offer(answer.offer);
    }
    this.settle(job, answer);
    if (!hasNext && this.job === job && answer.kind !== "failed" && answer.kind !== "invalid") this.reloadOnceSaved();
  }

  settle(job, { kind, message, errors }) {
    const isTouched = listEdited(job).length > 0 || job.querySelector("[name=note]").value !== "";
    if (kind === "saved" || (kind === "conflict" && !isTouched)) {
      dropDraft(this.address, job);
      this.say(message, kind === "saved" ? "" : "warn");
      count(-1);
      return;
    }
    this.putOnScreenAgain(job, message, errors);
  }

  putOnScreenAgain(job, message, errors) {
    if (this.job !== job) {
      this.upcoming.unshift(this.job);
      this.show(job);
    }
    this.say(`Job ${job.dataset.job} is not saved.`, "bad");
    const problem = job.querySelector("[data-problem]");
    problem.textContent = message;
    problem.hidden = false;
    for (const field of job.querySelectorAll("[data-control]")) paintError(field, errors[field.dataset.field] ?? "");
    const wrong = job.querySelector("[data-control]:has([aria-invalid])");
    if (wrong) controlOf(wrong).focus();
  }

  reloadOnceSaved() {
    if (this.saving.size === 0) location.assign(this.address);
  }

  /** A second step that nobody has to take: a link, and no key, so that it is never taken by accident. */
  offer(offer) {
    const line = this.root.querySelector("[data-offer]");
    line.replaceChildren();
    if (!offer) return;
    const link = document.createElement("a");
    link.href = offer.address;
    link.textContent = offer.link;
    line.append(`${offer.text} `, link);
  }

  // ---- undo

  keepDecided(job) {
    this.decided.set(job.dataset.job, job);
    if (this.decided.size > UNDONE_AT_MOST) this.decided.delete(this.decided.keys().next().value);
  }

  async undo() {
    if (this.isUndoing) return;
    this.isUndoing = true;
    await this.settled; // or it would take back the decision before the one that is on its way
    const answer = await takeBack(this.address);
    if (answer.kind === "saved") await this.showUndone(answer);
    else this.say(answer.message, "warn");
    this.isUndoing = false;
  }

  async showUndone({ message, number, key, jobs }) {
    const job = this.decided.get(String(number)) ?? (await fetchJob(this.address, number));
    if (!job) return void location.assign(`${this.address}/${number}`);
    this.decided.delete(String(number));
    job.querySelector("[name=key]").value = key;
    for (const reason of job.querySelectorAll("[name=reason]")) reason.checked = false;
    keepDraft(this.address, this.job);
    this.upcoming = [this.job, ...this.upcoming].filter((waiting) => waiting.dataset.job !== String(number));
    keepDraft(this.address, job);
    this.show(job);
    this.say(message);
    this.offer(null);
    count(jobs);
  }

  // ---- editing, reasons, marks

  edit() {
    const first = this.job.querySelector("[data-control]");
    if (first) controlOf(first).focus();
    this.say("Change what is wrong, then press Ctrl+Enter.");
  }

  askWhy(verdict) {
    this.verdict = verdict;
    this.openReasons(LEGENDS[verdict]);
    this.job.querySelector("[data-reasons]").focus();
  }

  openReasons(legend) {
    const reasons = this.job.querySelector("[data-reasons]");
    reasons.classList.toggle("is-open", legend !== "");
    if (legend) reasons.querySelector("[data-reasons-legend]").textContent = legend;
    const code = legend ? suggestReason(this.job, listEdited(this.job)) : "";
    const suggested = code && this.job.querySelector(`[name=reason][value="${CSS.escape(code)}"]`);
    const line = this.job.querySelector("[data-suggestion]");
    line.hidden = !suggested;
    if (suggested) line.textContent = `Suggested: ${suggested.parentElement.querySelector("span").textContent}`;
  }

  chooseReason(digit) {
    const reason = this.job.querySelector(`[name=reason][data-digit="${digit}"]`);
    if (!reason || this.isTooSoon()) return;
    reason.checked = true;
    if (this.verdict) this.decide(this.verdict);
    else if (listEdited(this.job).length) this.decide("corrected");
    else this.openReasons("Reason, for Reject or Escalate");
  }

  toggleRecurrence() {
    const box = this.job.querySelector("[name=would_recur]");
    box.checked = !box.checked;
    keepDraft(this.address, this.job);
    this.say(box.checked ? "It would happen again." : "It would not happen again.");
  }

  markStuck() {
    const marks = [...this.job.querySelectorAll("[name=stuck_step]")];
    if (!marks.length) return void this.say("This agent records no steps.");
    const next = marks[(marks.findIndex((mark) => mark.checked) + 1) % marks.length];
    next.checked = true;
    keepDraft(this.address, this.job);
    this.say(next.value ? `Got stuck here: ${next.value}.` : "Stuck nowhere.");
  }

  leave() {
    if (this.verdict || this.job.querySelector("[data-reasons].is-open")) {
      this.verdict = "";
      for (const reason of this.job.querySelectorAll("[name=reason]")) reason.checked = false;
      this.openReasons("");
    }
    this.job.querySelector("h1").focus({ preventScroll: true });
  }

  // ---- time, leases, events

  get hasOutput() {
    return this.job.querySelector("form").dataset.hasOutput === "yes";
  }

  isTooSoon() {
    return performance.now() - this.paintedAt < TOO_SOON_MS || this.root.classList.contains("is-waiting");
  }

  readForm() {
    const body = new FormData(this.job.querySelector("form"));
    const counting = document.hidden ? 0 : performance.now() - this.countingSince;
    body.set("seconds", (((this.job.spentMs ?? 0) + counting) / 1000).toFixed(1));
    return body;
  }

  countTime() {
    this.job.spentMs = (this.job.spentMs ?? 0) + performance.now() - this.countingSince;
    this.countingSince = performance.now();
  }

  async renew() {
    const job = this.job;
    job.leasedAt = performance.now();
    const refusal = await keepJob(this.address, job.dataset.job);
    if (!refusal || this.job !== job) return;
    this.say(`Job ${job.dataset.job}: ${refusal}`, "warn");
    if (!listEdited(job).length && !(await this.showNext())) location.assign(this.address);
  }

  listen() {
    this.place.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = event.submitter;
      if (button?.hasAttribute("data-skip")) this.skip();
      else if (button?.value) this.decide(button.value);
    });
    this.root.querySelector("[data-undo]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.undo();
    });
    this.place.addEventListener("input", () => this.touch());
    this.place.addEventListener("click", (event) => this.click(event));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.countTime();
      else this.countingSince = performance.now();
    });
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => this.renewWhenOld());
    window.addEventListener("beforeunload", (event) => {
      if (this.saving.size) event.preventDefault();
    });
  }

  touch() {
    paintChanges(this.job);
    keepDraft(this.address, this.job);
  }

  click(event) {
    if (event.target.closest("[data-act=put-back]")) {
      putBack(this.job);
      keepDraft(this.address, this.job);
    }
    // A click with a pointer answers the question; moving through the reasons with the arrow keys does not yet.
    const reason = event.target.closest(".reason");
    if (!reason || event.detail === 0 || !this.verdict) return;
    reason.querySelector("input").checked = true;
    this.decide(this.verdict);
  }

  renewWhenOld() {
    if (performance.now() - this.job.leasedAt > RENEW_MS) this.renew();
  }
}

/** One job more or fewer waits; the count beside "Review" at the top says so. */
function count(change) {
  const shown = document.querySelector(".tab[aria-current] .tally")?.firstChild;
  const waiting = Number(shown?.data);
  if (waiting > 0) shown.data = String(waiting + change);
}

function paintError(field, message) {
  field.querySelector("[data-error]").textContent = message;
  const holder = field.querySelector("fieldset") ?? controlOf(field);
  if (message) holder.setAttribute("aria-invalid", "true");
  else holder.removeAttribute("aria-invalid");
}

for (const root of document.querySelectorAll("[data-desk]")) new Desk(root);
