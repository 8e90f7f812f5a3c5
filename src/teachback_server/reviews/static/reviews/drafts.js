// Keeps what is typed at the desk in this browser tab, so that a reload or a lost connection costs nothing.

import { readText, writeText } from "./field_changes.js";

// Of each person their own: whoever signs in next in this tab must not find what the one before typed.
const nameOf = (desk, job) => `desk ${whose()} ${desk} ${job.dataset.job}`;
const whose = () => document.querySelector("[data-desk]")?.dataset.person ?? "";

export function keepDraft(desk, job) {
  const fields = {};
  for (const field of job.querySelectorAll("[data-control]")) {
    if (readText(field) !== field.dataset.original) fields[field.dataset.field] = readText(field);
  }
  const note = job.querySelector("[name=note]").value;
  const marks = readMarks(job);
  const name = nameOf(desk, job);
  try {
    if (Object.keys(fields).length || note || marks) sessionStorage.setItem(name, JSON.stringify({ fields, note, marks }));
    else sessionStorage.removeItem(name);
  } catch { /* storage is full or switched off: the form itself still has the text */ }
}

/** Put a kept draft back into the form; true if there was one. */
export function restoreDraft(desk, job) {
  const draft = readDraft(nameOf(desk, job));
  if (!draft) return false;
  for (const field of job.querySelectorAll("[data-control]")) {
    if (field.dataset.field in draft.fields) writeText(field, draft.fields[field.dataset.field]);
  }
  if (draft.marks) writeMarks(job, draft.marks);
  if (draft.note) job.querySelector("[name=note]").value = draft.note;
  return true;
}

export function dropDraft(desk, job) {
  try {
    sessionStorage.removeItem(nameOf(desk, job));
  } catch { /* nothing to drop */ }
}

/** Whether it would happen again and where the agent got stuck, if that is not as the page had it at first. */
function readMarks(job) {
  const boxes = [...job.querySelectorAll("[name=would_recur], [name=stuck_step]")];
  if (boxes.every((box) => box.checked === box.defaultChecked)) return null;
  const stuck = boxes.find((box) => box.name === "stuck_step" && box.checked);
  return { wouldRecur: job.querySelector("[name=would_recur]").checked, stuckStep: stuck?.value ?? "" };
}

function writeMarks(job, { wouldRecur, stuckStep }) {
  job.querySelector("[name=would_recur]").checked = wouldRecur;
  for (const step of job.querySelectorAll("[name=stuck_step]")) step.checked = step.value === stuckStep;
}

function readDraft(name) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(name));
    return draft && typeof draft.fields === "object" ? draft : null;
  } catch {
    return null;
  }
}
