// What a person changed in the form of one job: found, painted under each field, and put back when they ask for it.

import { diffWords } from "./word_diff.js";

const WORDY = new Set(["short_text", "long_text", "lines", "json"]);

/** The fields of a job that differ from what the agent proposed. */
export function listEdited(job) {
  return [...job.querySelectorAll("[data-control]")].filter((field) => readText(field) !== field.dataset.original);
}

/** Paint what changed under each field and beneath the form. */
export function paintChanges(job) {
  const edited = listEdited(job);
  for (const field of job.querySelectorAll("[data-control]")) paintField(field, edited.includes(field));
  const changes = job.querySelector("[data-changes]");
  changes.hidden = edited.length === 0;
  const names = edited.map((field) => field.dataset.label).join(", ");
  changes.querySelector("[data-changes-count]").textContent = edited.length === 1 ? `You changed: ${names}` : `You changed ${edited.length} fields: ${names}`;
  job.querySelector("[data-edit-label]").textContent = edited.length ? "Save edit" : "Edit";
  return edited;
}

/** Give every field the agent's value again. */
export function putBack(job) {
  for (const field of job.querySelectorAll("[data-control]")) writeText(field, field.dataset.original);
  paintChanges(job);
}

/** The code of the reason that the changes suggest; empty where they suggest none. */
export function suggestReason(job, edited) {
  if (job.querySelector("form").dataset.hasOutput === "no") return "handed_back";
  const field = edited[0];
  if (!field) return "";
  if (!field.dataset.original.trim()) return "missing_information";
  if (!readText(field).trim()) return "should_be_empty";
  return WORDY.has(field.dataset.control) || ["number", "date"].includes(field.dataset.control) ? "wrong_value" : "wrong_choice";
}

export function readText(field) {
  if (field.dataset.control === "radios") return field.querySelector("input:checked")?.value ?? "";
  return controlOf(field).value;
}

export function writeText(field, text) {
  if (field.dataset.control !== "radios") {
    controlOf(field).value = text;
    return;
  }
  for (const radio of field.querySelectorAll("input")) radio.checked = radio.value === text;
}

export function controlOf(field) {
  return field.querySelector("input, select, textarea");
}

function paintField(field, isEdited) {
  const line = field.querySelector("[data-diff]");
  line.hidden = !isEdited;
  if (!isEdited) return;
  const segments = WORDY.has(field.dataset.control)
    ? diffWords(field.dataset.original, readText(field))
    : [{ kind: "removed", text: labelOf(field, field.dataset.original) }, { kind: "equal", text: " " }, { kind: "added", text: labelOf(field, readText(field)) }];
  line.replaceChildren(...segments.map(paintSegment));
}

function paintSegment({ kind, text }) {
  if (kind === "equal") return document.createTextNode(text);
  const element = document.createElement(kind === "removed" ? "del" : "ins");
  element.textContent = text;
  return element;
}

function labelOf(field, text) {
  for (const option of field.querySelectorAll("option, input[type=radio]")) {
    if (option.value === text) return option.dataset.label ?? option.textContent;
  }
  return text || "nothing";
}
